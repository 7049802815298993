{{ config(**incremental_by_date('click_date', cluster_by=['campaign_id'])) }}

select
    event_id,
    event_date as click_date,
    event_at as clicked_at,
    campaign_id,
    ad_id,
    channel,
    landing_path,
    user_id,
    anonymous_id,
    session_id,
    device,
    country_code
from {{ ref('int_events') }}
where {{ days_to_read('event_date') }} and event_type = 'ad_clicked'
