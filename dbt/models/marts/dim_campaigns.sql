with clicked as (

    select
        campaign_id,
        min(channel) as channel,
        min(click_date) as first_click_date,
        max(click_date) as last_click_date
    from {{ ref('fct_ad_clicks') }}
    where click_date >= date '1970-01-01'
    group by campaign_id

),

paid as (

    select * from {{ ref('seed_campaigns') }}

),

known as (

    select campaign_id from clicked
    union distinct
    select campaign_id from paid

)

select
    known.campaign_id,
    coalesce(paid.campaign_name, known.campaign_id) as campaign_name,
    coalesce(paid.channel, clicked.channel) as channel,
    {{ money('paid.daily_cost') }} as daily_cost,
    paid.currency,
    clicked.first_click_date,
    clicked.last_click_date
from known
left join paid on known.campaign_id = paid.campaign_id
left join clicked on known.campaign_id = clicked.campaign_id
