with source as (

    select * from {{ source('lake', 'order_refunded') }}

),

renamed as (

    select
        {{ event_envelope() }},
        order_id,
        refund_id,
        currency,
        items,
        {{ money_from_text('amount') }} as amount,
        reason
    from source
    where event_id is not null
    qualify {{ is_first_copy() }}

)

select * from renamed
