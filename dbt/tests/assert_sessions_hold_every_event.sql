-- Every event but refunds is in exactly one session. Only over all days: at the edges of a few, sessions reach beyond them.
{%- set everything = var('changed_dates', none) is none or flags.FULL_REFRESH %}
with sessions as (

    select session_id, sum(events) as events
    from {{ ref('fct_sessions') }}
    where session_date >= date '1970-01-01' and {{ 'true' if everything else 'false' }}
    group by session_id

),

events as (

    select session_id, count(*) as events
    from {{ ref('int_events') }}
    where event_date >= date '1970-01-01' and event_type != 'order_refunded' and {{ 'true' if everything else 'false' }}
    group by session_id

)

select sessions.session_id, sessions.events, events.events as events_in_lake
from sessions
full outer join events on sessions.session_id = events.session_id
where coalesce(sessions.events, 0) != coalesce(events.events, 0)
