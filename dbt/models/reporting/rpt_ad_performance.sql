{{ config(**incremental_by_date('report_date', after=7)) }}

with clicks as (

    select
        click_date as report_date,
        campaign_id,
        count(*) as clicks,
        count(distinct anonymous_id) as visitors
    from {{ ref('fct_ad_clicks') }}
    where {{ days_to_read('click_date', after=7) }}
    group by click_date, campaign_id

),

orders as (

    select order_id, order_date, currency, gross_revenue - discount as revenue
    from {{ ref('fct_orders') }}
    where {{ days_to_read('order_date', after=7) }}

),

attributed as (

    select
        orders.order_date as report_date,
        attribution.campaign_id,
        orders.currency,
        count(*) as orders,
        sum(orders.revenue) as revenue
    from {{ ref('int_order_attribution') }} as attribution
    inner join orders on attribution.order_id = orders.order_id and attribution.order_date = orders.order_date
    where {{ days_to_read('attribution.order_date', after=7) }}
    group by 1, 2, 3

),

-- Days on which the shop was open for anyone: a campaign that ran costs money on each of them, clicked or not. A device whose clock is
-- wrong makes a day of its own; what it costs is decided by the campaign's own dates.
active_days as (

    select report_date from clicks
    union distinct
    select order_date as report_date from orders

),

spent as (

    select
        active_days.report_date,
        campaigns.campaign_id,
        campaigns.currency,
        campaigns.daily_cost as spend
    from active_days
    inner join {{ ref('seed_campaigns') }} as campaigns
        on active_days.report_date >= campaigns.first_day
        and active_days.report_date <= coalesce(campaigns.last_day, active_days.report_date)

),

keys as (

    select report_date, campaign_id, currency from spent
    union distinct
    select report_date, campaign_id, currency from attributed
    union distinct
    select report_date, campaign_id, '{{ var("shop_currency") }}' as currency from clicks -- a click has no currency of its own

)

select
    keys.report_date,
    keys.campaign_id,
    keys.currency,
    {{ money('coalesce(spent.spend, 0)') }} as spend,
    case when keys.currency = '{{ var("shop_currency") }}' then coalesce(clicks.clicks, 0) else 0 end as clicks,
    case when keys.currency = '{{ var("shop_currency") }}' then coalesce(clicks.visitors, 0) else 0 end as visitors,
    coalesce(attributed.orders, 0) as attributed_orders,
    {{ money('coalesce(attributed.revenue, 0)') }} as attributed_revenue,
    {{ ratio('coalesce(attributed.revenue, 0)', 'spent.spend') }} as return_on_ad_spend
from keys
left join spent
    on keys.report_date = spent.report_date and keys.campaign_id = spent.campaign_id and keys.currency = spent.currency
left join clicks on keys.report_date = clicks.report_date and keys.campaign_id = clicks.campaign_id
left join attributed
    on keys.report_date = attributed.report_date
    and keys.campaign_id = attributed.campaign_id
    and keys.currency = attributed.currency
