with source as (

    select * from {{ source('lake', 'order_completed') }}

),

renamed as (

    select
        {{ event_envelope() }},
        order_id,
        cart_id,
        currency,
        items,
        {{ money_from_text('discount') }} as discount,
        {{ money_from_text('shipping') }} as shipping,
        {{ money_from_text('tax') }} as tax,
        {{ money_from_text('total') }} as total,
        coupon,
        payment_method
    from source
    where event_id is not null
    qualify {{ is_first_copy() }}

)

select * from renamed
