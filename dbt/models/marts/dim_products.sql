with daily as (

    select * from {{ ref('fct_product_daily') }}
    where activity_date >= date '1970-01-01'

),

seen as (

    select
        product_id,
        min(activity_date) as first_seen_date,
        max(activity_date) as last_seen_date
    from daily
    group by product_id

),

latest as (

    select * from daily
    where true
    qualify row_number() over (partition by product_id order by last_seen_at desc, currency) = 1

)

select
    latest.product_id,
    latest.product_name,
    latest.category,
    coalesce(categories.department, 'Other') as department,
    latest.last_unit_price as unit_price,
    latest.currency,
    seen.first_seen_date,
    seen.last_seen_date
from latest
inner join seen on latest.product_id = seen.product_id
left join {{ ref('seed_product_categories') }} as categories on latest.category = categories.category
