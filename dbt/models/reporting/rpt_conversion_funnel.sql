{{ config(**incremental_by_date('session_date', before=1, after=1)) }}

with sessions as (

    select * from {{ ref('fct_sessions') }}
    where {{ days_to_read('session_date', before=1, after=1) }}

),

counted as (

    -- A step counts whoever reached it or a later one: an order without a recorded checkout still passed checkout.
    select
        session_date,
        device,
        country_code,
        count(*) as sessions,
        cast(sum(case when funnel_depth >= 2 then 1 else 0 end) as int64) as viewed_product,
        cast(sum(case when funnel_depth >= 3 then 1 else 0 end) as int64) as added_to_cart,
        cast(sum(case when funnel_depth >= 4 then 1 else 0 end) as int64) as started_checkout,
        cast(sum(case when funnel_depth >= 5 then 1 else 0 end) as int64) as ordered
    from sessions
    group by session_date, device, country_code

)

select
    *,
    {{ ratio('ordered', 'sessions') }} as conversion_rate
from counted
