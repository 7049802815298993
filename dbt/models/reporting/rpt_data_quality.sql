{{ config(**incremental_by_date('event_date')) }}

with events as (

    select
        event_date,
        event_type,
        count(*) as events,
        cast(sum(copies) as int64) as lake_rows,
        cast(sum(copies - 1) as int64) as duplicate_rows,
        -- Staging's mark of an event whose id another event of the day has (macros/staging.sql).
        cast(sum(case when strpos(event_id, '#') > 0 then 1 else 0 end) as int64) as colliding_events,
        cast(sum(case when published_at > {{ add_hours('event_at', 1) }} then 1 else 0 end) as int64) as events_over_1h_late,
        cast(sum(case when published_at > {{ add_hours('event_at', 24) }} then 1 else 0 end) as int64) as events_over_24h_late,
        max({{ seconds_between('event_at', 'published_at') }}) as max_lateness_seconds,
        max(published_at) as last_published_at
    from {{ ref('int_events') }}
    where {{ days_to_read('event_date') }}
    group by event_date, event_type

),

-- What the pipeline says it wrote. The table is small: a row per day of writing, type and date.
written as (

    select
        object_date as event_date,
        event_type,
        cast(sum(objects) as int64) as objects,
        cast(sum(manifest_rows) as int64) as manifest_rows,
        cast(sum(stored_bytes) as int64) as stored_bytes
    from {{ ref('int_lake_objects') }}
    where written_date >= date '1970-01-01' and root = 'lake' and {{ days_to_read('object_date') }}
    group by object_date, event_type

)

select
    coalesce(events.event_date, written.event_date) as event_date,
    coalesce(events.event_type, written.event_type) as event_type,
    coalesce(events.events, 0) as events,
    coalesce(events.lake_rows, 0) as lake_rows,
    coalesce(events.duplicate_rows, 0) as duplicate_rows,
    coalesce(events.colliding_events, 0) as colliding_events,
    written.objects,
    written.manifest_rows,
    written.stored_bytes,
    written.manifest_rows - coalesce(events.lake_rows, 0) as unreadable_rows,
    coalesce(events.events_over_1h_late, 0) as events_over_1h_late,
    coalesce(events.events_over_24h_late, 0) as events_over_24h_late,
    events.max_lateness_seconds,
    events.last_published_at,
    {{ ratio('events.duplicate_rows', 'events.lake_rows') }} as duplicate_share
from events
full outer join written on events.event_date = written.event_date and events.event_type = written.event_type
