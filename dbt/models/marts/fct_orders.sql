{{ config(**incremental_by_date('order_date', cluster_by=['order_id'])) }}

with completed as (

    select * from {{ ref('stg_order_completed') }}
    where {{ lake_days_to_read() }}
    -- Two events may claim one order: the earlier one is the order.
    qualify
        row_number() over (
            partition by year, month, day, order_id
            order by event_at, published_at, event_id
        ) = 1

),

items as (

    select
        completed.event_date,
        completed.event_id,
        cast(sum(item.quantity) as int64) as units,
        {{ money('sum(item.quantity * ' ~ money_from_text('item.unit_price') ~ ')') }} as gross_revenue
    from completed
    cross join unnest(completed.items) as item
    group by completed.event_date, completed.event_id

)

select
    completed.order_id,
    completed.event_date as order_date,
    completed.event_at as ordered_at,
    completed.event_id,
    completed.user_id,
    completed.anonymous_id,
    completed.session_id,
    completed.cart_id,
    completed.device,
    completed.country_code,
    completed.currency,
    completed.payment_method,
    completed.coupon,
    coalesce(items.units, 0) as units,
    {{ money('coalesce(items.gross_revenue, 0)') }} as gross_revenue,
    {{ money('completed.discount') }} as discount,
    {{ money('completed.shipping') }} as shipping,
    {{ money('completed.tax') }} as tax,
    {{ money('completed.total') }} as order_total
from completed
left join items on completed.event_date = items.event_date and completed.event_id = items.event_id
