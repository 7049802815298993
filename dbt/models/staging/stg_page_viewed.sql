with source as (

    select * from {{ source('lake', 'page_viewed') }}

),

renamed as (

    select
        {{ event_envelope() }},
        page_path,
        page_type,
        referrer
    from source
    where event_id is not null
    qualify {{ is_first_copy() }}

)

select * from renamed
