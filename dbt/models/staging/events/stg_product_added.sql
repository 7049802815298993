{#- Generated from event_contract by `make generate`: change the contract, not this file. -#}
with source as (

    select *, lower(event_id) as claimed_id, {{ payload_hash('event') }} as payload
    from {{ source('lake', 'product_added') }} as event

),

renamed as (

    select
        {{ event_envelope() }},
        product_id,
        product_name,
        category,
        {{ money_from_text('unit_price') }} as unit_price,
        currency,
        cart_id,
        quantity
    from source
    where event_id is not null and {{ in_snapshot('_ingest.publish_time') }}
    qualify {{ is_first_copy() }}

)

select * from renamed
