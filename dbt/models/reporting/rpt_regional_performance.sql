{{ config(**incremental_by_date('report_date')) }}

with orders as (

    select
        order_date as report_date,
        country_code,
        currency,
        count(*) as orders,
        count(distinct anonymous_id) as buyers,
        sum(gross_revenue) as gross_revenue,
        sum(discount) as discounts
    from {{ ref('fct_orders') }}
    where {{ days_to_read('order_date') }}
    group by order_date, country_code, currency

),

refunds as (

    select
        refund_date as report_date,
        country_code,
        currency,
        sum(refund_amount) as refunded
    from {{ ref('fct_refunds') }}
    where {{ days_to_read('refund_date') }}
    group by refund_date, country_code, currency

),

keys as (

    select report_date, country_code, currency from orders
    union distinct
    select report_date, country_code, currency from refunds

)

select
    keys.report_date,
    coalesce(countries.region, 'Unknown') as region,
    keys.country_code,
    coalesce(countries.country_name, keys.country_code) as country_name,
    keys.currency,
    coalesce(orders.orders, 0) as orders,
    coalesce(orders.buyers, 0) as buyers,
    {{ money('coalesce(orders.gross_revenue, 0)') }} as gross_revenue,
    {{ money('coalesce(orders.discounts, 0)') }} as discounts,
    {{ money('coalesce(refunds.refunded, 0)') }} as refunded,
    {{ money('coalesce(orders.gross_revenue, 0) - coalesce(orders.discounts, 0) - coalesce(refunds.refunded, 0)') }} as net_revenue
from keys
left join orders
    on keys.report_date = orders.report_date
    and keys.country_code = orders.country_code
    and keys.currency = orders.currency
left join refunds
    on keys.report_date = refunds.report_date
    and keys.country_code = refunds.country_code
    and keys.currency = refunds.currency
left join {{ ref('seed_countries') }} as countries on keys.country_code = countries.country_code
