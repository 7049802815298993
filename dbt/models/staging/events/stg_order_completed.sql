{#- Generated from event_contract by `make generate`: change the contract, not this file. -#}
with source as (

    select *, lower(event_id) as claimed_id, {{ payload_hash('event') }} as payload
    from {{ source('lake', 'order_completed') }} as event

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
    where event_id is not null and {{ in_snapshot('_ingest.publish_time') }}
    qualify {{ is_first_copy() }}

)

select * from renamed
