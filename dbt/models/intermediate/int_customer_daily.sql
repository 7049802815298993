{{ config(**incremental_by_date('activity_date', cluster_by=['user_id'])) }}

select
    event_date as activity_date,
    user_id,
    country_code,
    count(*) as events,
    min(event_at) as first_seen_at,
    max(event_at) as last_seen_at
from {{ ref('int_events') }}
where {{ days_to_read('event_date') }}
    and user_id is not null
    and event_type != 'order_refunded' -- the shop's act: the customer need not be there
group by event_date, user_id, country_code
