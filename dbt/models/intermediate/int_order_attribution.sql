{{ config(**incremental_by_date('order_date', after=7)) }}

{#- A click counts for orders of the seven days after it, so a changed day of clicks changes the orders of the week that follows. -#}
with orders as (

    select order_id, order_date, ordered_at, user_id, anonymous_id
    from {{ ref('fct_orders') }}
    where {{ days_to_read('order_date', after=7) }}

),

clicks as (

    select event_id as click_event_id, clicked_at, campaign_id, user_id, anonymous_id
    from {{ ref('fct_ad_clicks') }}
    where {{ days_to_read('click_date', before=7, after=7) }}

),

-- The same browser, or the same account on another device.
candidates as (

    select orders.order_id, orders.order_date, orders.ordered_at, clicks.click_event_id, clicks.clicked_at, clicks.campaign_id
    from orders
    inner join clicks on orders.anonymous_id = clicks.anonymous_id
    union distinct
    select orders.order_id, orders.order_date, orders.ordered_at, clicks.click_event_id, clicks.clicked_at, clicks.campaign_id
    from orders
    inner join clicks on orders.user_id = clicks.user_id

)

select
    order_id,
    order_date,
    campaign_id,
    click_event_id,
    clicked_at
from candidates
where clicked_at <= ordered_at and clicked_at >= {{ add_hours('ordered_at', -168) }}
qualify
    row_number() over (
        partition by order_date, order_id
        order by clicked_at desc, click_event_id desc
    ) = 1
