with source as (

    select * from {{ source('lake', 'product_added') }}

),

renamed as (

    select
        {{ event_envelope() }},
        cart_id,
        product_id,
        product_name,
        category,
        quantity,
        {{ money_from_text('unit_price') }} as unit_price,
        currency
    from source
    where event_id is not null
    qualify {{ is_first_copy() }}

)

select * from renamed
