with source as (

    select * from {{ source('lake', 'user_registered') }}

),

renamed as (

    select
        {{ event_envelope() }},
        name,
        email,
        address,
        city,
        postal_code,
        signup_method,
        marketing_opt_in
    from source
    where event_id is not null
    qualify {{ is_first_copy() }}

)

select * from renamed
