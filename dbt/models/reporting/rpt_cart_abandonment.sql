{{ config(**incremental_by_date('cart_date', before=7)) }}

with carts as (

    select
        event_date as cart_date,
        cart_id,
        currency,
        min(device) as device,
        min(case when action = 'added' then event_at end) as first_added_at,
        sum(value_change) as cart_value
    from {{ ref('fct_cart_events') }}
    where {{ days_to_read('event_date', before=7) }}
    group by event_date, cart_id, currency
    having sum(case when action = 'added' then 1 else 0 end) > 0

),

orders as (

    select cart_id, currency, ordered_at
    from {{ ref('fct_orders') }}
    where {{ days_to_read('order_date', before=7, after=7) }}

),

-- A cart is bought if an order with it follows within 168 hours of the day's first addition.
outcomes as (

    select
        carts.cart_date,
        carts.cart_id,
        carts.currency,
        carts.device,
        carts.cart_value,
        max(case
            when orders.ordered_at >= carts.first_added_at and orders.ordered_at <= {{ add_hours('carts.first_added_at', 168) }} then 1
            else 0
        end) as bought
    from carts
    left join orders on carts.cart_id = orders.cart_id and carts.currency = orders.currency
    group by carts.cart_date, carts.cart_id, carts.currency, carts.device, carts.cart_value

),

counted as (

    select
        cart_date,
        device,
        currency,
        count(*) as carts,
        cast(sum(bought) as int64) as bought_carts,
        cast(sum(1 - bought) as int64) as abandoned_carts,
        {{ money('sum(case when bought = 0 then cart_value else 0 end)') }} as abandoned_value
    from outcomes
    group by cart_date, device, currency

)

select
    *,
    {{ ratio('abandoned_carts', 'carts') }} as abandonment_rate
from counted
