-- Every order of a session's time belongs to it, and no other: the sessions that began on the rebuilt days against the orders.
with sessions as (

    select session_id, session_date, orders
    from {{ ref('fct_sessions') }}
    where {{ rebuilt_days('session_date') }}

),

orders as (

    -- The rule of fct_sessions, on orders: before noon UTC, an order belongs to the session of the evening before, if there is one.
    select
        orders.order_id,
        orders.session_id,
        case
            when not {{ is_afternoon('orders.ordered_at') }} and evenings.session_id is not null then evenings.session_date
            else orders.order_date
        end as session_date
    from {{ ref('fct_orders') }} as orders
    left join (
        select session_id, session_date
        from {{ ref('fct_sessions') }}
        where {{ rebuilt_days('session_date', before=1, after=1) }} and {{ utc_date('ended_at') }} > session_date
    ) as evenings
        on orders.session_id = evenings.session_id and orders.order_date = {{ add_days('evenings.session_date', 1) }}
    where {{ rebuilt_days('orders.order_date', after=1) }}

),

counted as (

    select session_id, session_date, count(*) as orders
    from orders
    group by session_id, session_date

)

select sessions.session_id, sessions.session_date, sessions.orders, counted.orders as orders_in_facts
from sessions
left join counted on sessions.session_id = counted.session_id and sessions.session_date = counted.session_date
where sessions.orders != coalesce(counted.orders, 0)
