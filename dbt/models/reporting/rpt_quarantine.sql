with quarantined as (

    select * from {{ ref('int_quarantine_daily') }}
    where publish_date >= date '1970-01-01'

),

accepted as (

    select event_date, event_type, events from {{ ref('rpt_data_quality') }}
    where event_date >= date '1970-01-01'

)

select
    quarantined.publish_date,
    quarantined.claimed_event_type,
    quarantined.error_code,
    quarantined.messages,
    quarantined.quarantine_rows,
    quarantined.distinct_payloads,
    quarantined.last_published_at,
    {{ ratio(
        'quarantined.messages',
        'sum(quarantined.messages) over (partition by quarantined.publish_date, quarantined.claimed_event_type)'
        ' + coalesce(accepted.events, 0)'
    ) }} as share_of_type
from quarantined
left join accepted
    on quarantined.publish_date = accepted.event_date and quarantined.claimed_event_type = accepted.event_type
