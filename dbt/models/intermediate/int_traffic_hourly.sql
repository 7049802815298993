{{ config(**incremental_by_date('event_date')) }}

with events as (

    select
        events.event_date,
        events.country_code,
        events.event_type,
        {{ local_datetime('events.event_at', "coalesce(countries.time_zone, 'Etc/UTC')") }} as local_at
    from {{ ref('int_events') }} as events
    left join {{ ref('seed_countries') }} as countries on events.country_code = countries.country_code
    where {{ days_to_read('events.event_date') }} and events.event_type != 'order_refunded'

)

select
    event_date,
    country_code,
    cast(local_at as date) as local_date,
    cast(extract(hour from local_at) as int64) as local_hour,
    count(*) as events,
    cast(sum(case when event_type = 'order_completed' then 1 else 0 end) as int64) as orders
from events
group by 1, 2, 3, 4
