with monthly as (

    select
        {{ month_start('activity_date') }} as month_start_date,
        currency,
        product_id,
        cast(sum(views) as int64) as views,
        cast(sum(units_sold) as int64) as units_sold,
        sum(gross_revenue) as gross_revenue
    from {{ ref('fct_product_daily') }}
    where activity_date >= date '1970-01-01'
    group by 1, 2, 3
    having sum(units_sold) > 0

)

select
    monthly.month_start_date,
    monthly.currency,
    monthly.product_id,
    products.product_name,
    products.category,
    monthly.views,
    monthly.units_sold,
    {{ money('monthly.gross_revenue') }} as gross_revenue,
    row_number() over (
        partition by monthly.month_start_date, monthly.currency
        order by monthly.gross_revenue desc, monthly.units_sold desc, monthly.product_id
    ) as revenue_rank,
    row_number() over (
        partition by monthly.month_start_date, monthly.currency
        order by monthly.units_sold desc, monthly.gross_revenue desc, monthly.product_id
    ) as units_rank
from monthly
inner join {{ ref('dim_products') }} as products on monthly.product_id = products.product_id
