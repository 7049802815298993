{{ config(**incremental_by_date('order_date', cluster_by=['product_id'])) }}

with orders as (

    select order_id, order_date, event_id, currency
    from {{ ref('fct_orders') }}
    where {{ days_to_read('order_date') }}

),

-- By itself, because an engine need not push a predicate below an unnest.
completed as (

    select event_date, event_id, items from {{ ref('stg_order_completed') }}
    where {{ lake_days_to_read() }}

),

lines as (

    select
        completed.event_date,
        completed.event_id,
        {{ item_columns('item') }}
    from completed
    cross join unnest(completed.items) as item

)

-- One row per order and product: a product listed twice at one price is one line with both quantities.
select
    orders.order_id,
    orders.order_date,
    lines.product_id,
    lines.unit_price,
    orders.currency,
    min(lines.product_name) as product_name,
    min(lines.category) as category,
    cast(sum(lines.quantity) as int64) as quantity,
    {{ money('sum(lines.quantity * lines.unit_price)') }} as line_revenue
from lines
inner join orders on lines.event_date = orders.order_date and lines.event_id = orders.event_id
group by orders.order_id, orders.order_date, lines.product_id, lines.unit_price, orders.currency
