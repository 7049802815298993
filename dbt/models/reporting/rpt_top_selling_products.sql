with monthly as (

    select
        {{ month_start('activity_date') }} as month_start_date,
        currency,
        product_id,
        cast(sum(views) as int64) as month_views,
        cast(sum(units_sold) as int64) as month_units,
        sum(gross_revenue) as month_revenue
    from {{ ref('fct_product_daily') }}
    where activity_date >= date '1970-01-01'
    group by 1, 2, 3

)

select
    monthly.month_start_date,
    monthly.currency,
    monthly.product_id,
    products.product_name,
    products.category,
    products.department,
    monthly.month_views as views,
    monthly.month_units as units_sold,
    {{ money('monthly.month_revenue') }} as gross_revenue,
    row_number() over (
        partition by monthly.month_start_date, monthly.currency
        order by monthly.month_revenue desc, monthly.month_units desc, monthly.product_id
    ) as revenue_rank,
    row_number() over (
        partition by monthly.month_start_date, monthly.currency
        order by monthly.month_units desc, monthly.month_revenue desc, monthly.product_id
    ) as units_rank
from monthly
inner join {{ ref('dim_products') }} as products on monthly.product_id = products.product_id
where monthly.month_units > 0
