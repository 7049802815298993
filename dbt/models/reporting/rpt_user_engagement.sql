{{ config(**incremental_by_date('session_date', before=1, after=1)) }}

with counted as (

    select
        session_date,
        count(*) as sessions,
        count(distinct anonymous_id) as visitors,
        count(distinct user_id) as signed_in_users,
        cast(sum(events) as int64) as events,
        cast(sum(page_views) as int64) as page_views,
        cast(sum(case when is_bounce then 1 else 0 end) as int64) as bounces,
        cast(sum(duration_seconds) as int64) as total_duration_seconds
    from {{ ref('fct_sessions') }}
    where {{ days_to_read('session_date', before=1, after=1) }}
    group by session_date

)

select
    *,
    {{ ratio('bounces', 'sessions') }} as bounce_rate,
    {{ ratio('events', 'sessions', 2) }} as events_per_session,
    {{ ratio('total_duration_seconds', 'sessions', 2) }} as average_duration_seconds
from counted
