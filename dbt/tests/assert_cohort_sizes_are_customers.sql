-- Every customer who ever ordered is in exactly one cohort: the one of the first order's month.
with cohorts as (

    select cohort_month, max(cohort_size) as customers
    from {{ ref('rpt_cohort_retention') }}
    group by cohort_month

),

first_orders as (

    select user_id, min(first_order_date) as first_order_date
    from {{ ref('rpt_customer_lifetime_value') }}
    group by user_id

),

expected as (

    select {{ month_start('first_order_date') }} as cohort_month, count(*) as customers
    from first_orders
    group by 1

)

select coalesce(cohorts.cohort_month, expected.cohort_month) as cohort_month, cohorts.customers, expected.customers as expected_customers
from cohorts
full outer join expected on cohorts.cohort_month = expected.cohort_month
where coalesce(cohorts.customers, 0) != coalesce(expected.customers, 0)
