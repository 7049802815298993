with source as (

    select * from {{ source('lake', 'checkout_started') }}

),

renamed as (

    select
        {{ event_envelope() }},
        cart_id,
        currency,
        items,
        {{ money_from_text('subtotal') }} as subtotal
    from source
    where event_id is not null
    qualify {{ is_first_copy() }}

)

select * from renamed
