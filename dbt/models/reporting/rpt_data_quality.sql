{{ config(**incremental_by_date('event_date')) }}

with events as (

    select
        event_date,
        event_type,
        count(*) as events,
        cast(sum(copies) as int64) as lake_rows,
        cast(sum(copies - 1) as int64) as duplicate_rows,
        cast(sum(case when published_at > {{ add_hours('event_at', 1) }} then 1 else 0 end) as int64) as events_over_1h_late,
        cast(sum(case when published_at > {{ add_hours('event_at', 24) }} then 1 else 0 end) as int64) as events_over_24h_late,
        max({{ seconds_between('event_at', 'published_at') }}) as max_lateness_seconds,
        max(published_at) as last_published_at
    from {{ ref('int_events') }}
    where {{ days_to_read('event_date') }}
    group by event_date, event_type

)

select
    *,
    {{ ratio('duplicate_rows', 'lake_rows') }} as duplicate_share
from events
