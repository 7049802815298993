{{ config(**incremental_by_date('revenue_date')) }}

with orders as (

    select
        order_date as revenue_date,
        currency,
        count(*) as orders,
        cast(sum(units) as int64) as units,
        sum(gross_revenue) as gross_revenue,
        sum(discount) as discounts,
        sum(shipping) as shipping,
        sum(tax) as tax
    from {{ ref('fct_orders') }}
    where {{ days_to_read('order_date') }}
    group by order_date, currency

),

refunds as (

    select
        refund_date as revenue_date,
        currency,
        count(*) as refunds,
        sum(refund_amount) as refunded
    from {{ ref('fct_refunds') }}
    where {{ days_to_read('refund_date') }}
    group by refund_date, currency

),

days as (

    select revenue_date, currency from orders
    union distinct
    select revenue_date, currency from refunds

)

select
    days.revenue_date,
    days.currency,
    coalesce(orders.orders, 0) as orders,
    coalesce(orders.units, 0) as units,
    {{ money('coalesce(orders.gross_revenue, 0)') }} as gross_revenue,
    {{ money('coalesce(orders.discounts, 0)') }} as discounts,
    coalesce(refunds.refunds, 0) as refunds,
    {{ money('coalesce(refunds.refunded, 0)') }} as refunded,
    {{ money('coalesce(orders.gross_revenue, 0) - coalesce(orders.discounts, 0) - coalesce(refunds.refunded, 0)') }} as net_revenue,
    {{ money('coalesce(orders.shipping, 0)') }} as shipping,
    {{ money('coalesce(orders.tax, 0)') }} as tax,
    {{ ratio('orders.gross_revenue - orders.discounts', 'orders.orders', 2) }} as average_order_value
from days
left join orders on days.revenue_date = orders.revenue_date and days.currency = orders.currency
left join refunds on days.revenue_date = refunds.revenue_date and days.currency = refunds.currency
