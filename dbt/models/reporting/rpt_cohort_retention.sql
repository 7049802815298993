with months as (

    select distinct user_id, {{ month_start('order_date') }} as order_month
    from {{ ref('fct_orders') }}
    where order_date >= date '1970-01-01' and user_id is not null

),

cohorts as (

    select user_id, min(order_month) as cohort_month from months
    group by user_id

),

active as (

    select
        cohorts.cohort_month,
        cast({{ months_between('cohorts.cohort_month', 'months.order_month') }} as int64) as months_since_first_order,
        count(*) as customers
    from months
    inner join cohorts on months.user_id = cohorts.user_id
    group by 1, 2

)

select
    cohort_month,
    months_since_first_order,
    customers,
    first_value(customers) over (partition by cohort_month order by months_since_first_order) as cohort_size,
    {{ ratio('customers', 'first_value(customers) over (partition by cohort_month order by months_since_first_order)') }} as retention
from active
