{{ config(**incremental_by_date('session_date', before=1, after=1, cluster_by=['session_id'])) }}

{#- Rebuilding a session's day needs the day before (did it begin there?) and the day after (does it go on?). -#}
with events as (

    select * from {{ ref('int_events') }}
    where {{ days_to_read('event_date', before=2, after=2) }}
        and event_type != 'order_refunded' -- a refund is the shop's act, not a visit

),

-- A session belongs to the day it began. It may cross one midnight: what it does before noon belongs to the day before if it was
-- already active there after noon. The rule looks at two days only, so a day can be rebuilt without reading all of history.
evenings as (

    select distinct session_id, event_date from events
    where {{ is_afternoon('event_at') }}

),

assigned as (

    select
        events.*,
        case
            when not {{ is_afternoon('events.event_at') }} and evenings.session_id is not null then evenings.event_date
            else events.event_date
        end as session_date
    from events
    left join evenings
        on events.session_id = evenings.session_id
        and events.event_date = {{ add_days('evenings.event_date', 1) }}

),

orders as (

    select event_id, order_date, order_total from {{ ref('fct_orders') }}
    where {{ days_to_read('order_date', before=1, after=2) }}

),

ordered as (

    select
        assigned.*,
        orders.event_id as order_event_id,
        case
            when assigned.event_type = 'ad_clicked' then assigned.channel
            when assigned.referrer is not null then 'referral'
            else 'direct'
        end as source,
        row_number() over (
            partition by assigned.session_date, assigned.session_id
            order by assigned.event_at, assigned.published_at, assigned.event_id, assigned.event_type
        ) as position
    from assigned
    -- By type, day and id: nothing keeps another type's event from carrying the same id.
    left join orders
        on assigned.event_type = 'order_completed'
        and assigned.event_id = orders.event_id
        and assigned.event_date = orders.order_date
    where {{ days_to_read('assigned.session_date', before=1, after=1) }}

),

rolled_up as (

    select
        session_date,
        session_id,
        min(event_at) as started_at,
        max(event_at) as ended_at,
        max(case when position = 1 then anonymous_id end) as anonymous_id,
        max(user_id) as user_id,
        max(case when position = 1 then device end) as device,
        max(case when position = 1 then country_code end) as country_code,
        max(case when position = 1 then source end) as landing_source,
        max(case when position = 1 then coalesce(landing_path, page_path) end) as landing_path,
        max(case when position = 1 then campaign_id end) as campaign_id,
        count(*) as events,
        cast(sum(case when event_type = 'page_viewed' then 1 else 0 end) as int64) as page_views,
        cast(sum(case when event_type = 'product_viewed' then 1 else 0 end) as int64) as product_views,
        cast(sum(case when event_type = 'product_added' then 1 else 0 end) as int64) as cart_adds,
        cast(sum(case when event_type = 'checkout_started' then 1 else 0 end) as int64) as checkouts,
        cast(sum(case when order_event_id is not null then 1 else 0 end) as int64) as orders
    from ordered
    group by session_date, session_id

)

select
    session_date,
    session_id,
    started_at,
    ended_at,
    {{ seconds_between('started_at', 'ended_at') }} as duration_seconds,
    anonymous_id,
    user_id,
    device,
    country_code,
    landing_source,
    landing_path,
    campaign_id,
    events,
    page_views,
    product_views,
    cart_adds,
    checkouts,
    orders,
    cast(case
        when orders > 0 then 5
        when checkouts > 0 then 4
        when cart_adds > 0 then 3
        when product_views > 0 then 2
        else 1
    end as int64) as funnel_depth,
    events = 1 as is_bounce,
    {{ utc_date('started_at') }} != {{ utc_date('ended_at') }} as crosses_midnight
from rolled_up
