with hourly as (

    select * from {{ ref('int_traffic_hourly') }}
    where event_date >= date '1970-01-01'

)

select
    country_code,
    {{ iso_weekday('local_date') }} as iso_weekday,
    local_hour,
    cast(sum(events) as int64) as events,
    cast(sum(orders) as int64) as orders,
    count(distinct local_date) as local_days,
    rank() over (partition by country_code order by sum(events) desc) as busiest_rank
from hourly
group by country_code, 2, local_hour
