with source as (

    select * from {{ source('lake', 'ad_clicked') }}

),

renamed as (

    select
        {{ event_envelope() }},
        campaign_id,
        ad_id,
        channel,
        landing_path
    from source
    where event_id is not null
    qualify {{ is_first_copy() }}

)

select * from renamed
