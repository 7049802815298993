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

-- The same browser, or the same account on another device. Clicks and orders of one visitor in the order of time: each order takes the last
-- click before it. A join of all clicks with all orders would grow with their product where many share an id.
moments as (

    {%- for visitor in ['anonymous_id', 'user_id'] %}
    select
        '{{ visitor }}' as matched_by,
        {{ visitor }} as visitor,
        clicked_at as happened_at,
        0 as is_order,
        click_event_id,
        clicked_at,
        campaign_id,
        cast(null as string) as order_id,
        cast(null as date) as order_date
    from clicks
    where {{ visitor }} is not null
    union all
    select
        '{{ visitor }}' as matched_by,
        {{ visitor }} as visitor,
        ordered_at as happened_at,
        1 as is_order,
        cast(null as string) as click_event_id,
        cast(null as timestamp) as clicked_at,
        cast(null as string) as campaign_id,
        order_id,
        order_date
    from orders
    where {{ visitor }} is not null
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

carried as (

    select
        is_order,
        order_id,
        order_date,
        happened_at,
        last_value(click_event_id ignore nulls) over (
            partition by matched_by, visitor order by happened_at, is_order, click_event_id
            rows between unbounded preceding and current row
        ) as click_event_id,
        last_value(clicked_at ignore nulls) over (
            partition by matched_by, visitor order by happened_at, is_order, click_event_id
            rows between unbounded preceding and current row
        ) as clicked_at,
        last_value(campaign_id ignore nulls) over (
            partition by matched_by, visitor order by happened_at, is_order, click_event_id
            rows between unbounded preceding and current row
        ) as campaign_id
    from moments

)

select
    order_id,
    order_date,
    campaign_id,
    click_event_id,
    clicked_at
from carried
where is_order = 1 and clicked_at >= {{ add_hours('happened_at', -168) }}
qualify
    row_number() over (
        partition by order_date, order_id
        order by clicked_at desc, click_event_id desc
    ) = 1
