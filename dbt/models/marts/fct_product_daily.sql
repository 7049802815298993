{{ config(**incremental_by_date('activity_date', cluster_by=['product_id'])) }}

with touched as (

    select
        event_date as activity_date,
        product_id,
        currency,
        product_name,
        category,
        unit_price,
        event_at,
        event_id,
        event_type,
        coalesce(quantity, 0) as quantity
    from {{ ref('int_events') }}
    where {{ days_to_read('event_date') }}
        and event_type in ('product_viewed', 'product_added', 'product_removed')

),

bought as (

    select
        order_items.order_date as activity_date,
        order_items.product_id,
        order_items.currency,
        order_items.product_name,
        order_items.category,
        order_items.unit_price,
        orders.ordered_at as event_at,
        orders.event_id,
        order_items.order_id,
        order_items.quantity,
        order_items.line_revenue
    from {{ ref('fct_order_items') }} as order_items
    inner join {{ ref('fct_orders') }} as orders
        on order_items.order_id = orders.order_id and order_items.order_date = orders.order_date
    where {{ days_to_read('order_items.order_date') }} and {{ days_to_read('orders.order_date') }}

),

counted as (

    select
        activity_date,
        product_id,
        currency,
        cast(sum(case when event_type = 'product_viewed' then 1 else 0 end) as int64) as views,
        cast(sum(case when event_type = 'product_added' then quantity else 0 end) as int64) as units_added,
        cast(sum(case when event_type = 'product_removed' then quantity else 0 end) as int64) as units_removed
    from touched
    group by activity_date, product_id, currency

),

sold as (

    select
        activity_date,
        product_id,
        currency,
        count(distinct order_id) as orders,
        cast(sum(quantity) as int64) as units_sold,
        sum(line_revenue) as gross_revenue
    from bought
    group by activity_date, product_id, currency

),

sightings as (

    select activity_date, product_id, currency, product_name, category, unit_price, event_at, event_id from touched
    union all
    select activity_date, product_id, currency, product_name, category, unit_price, event_at, event_id from bought

),

-- How the product was last described that day.
described as (

    select * from sightings
    where true
    qualify
        row_number() over (
            partition by activity_date, product_id, currency
            order by event_at desc, event_id desc, unit_price desc, product_name, category
        ) = 1

)

select
    described.activity_date,
    described.product_id,
    described.currency,
    described.product_name,
    described.category,
    described.unit_price as last_unit_price,
    described.event_at as last_seen_at,
    coalesce(counted.views, 0) as views,
    coalesce(counted.units_added, 0) as units_added,
    coalesce(counted.units_removed, 0) as units_removed,
    coalesce(sold.orders, 0) as orders,
    coalesce(sold.units_sold, 0) as units_sold,
    {{ money('coalesce(sold.gross_revenue, 0)') }} as gross_revenue
from described
left join counted
    on described.activity_date = counted.activity_date
    and described.product_id = counted.product_id
    and described.currency = counted.currency
left join sold
    on described.activity_date = sold.activity_date
    and described.product_id = sold.product_id
    and described.currency = sold.currency
