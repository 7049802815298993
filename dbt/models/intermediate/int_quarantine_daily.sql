{{ config(**incremental_by_date('publish_date', variable='changed_quarantine_dates')) }}

select
    publish_date,
    claimed_event_type,
    error_code,
    count(*) as messages,
    cast(sum(copies) as int64) as quarantine_rows,
    count(distinct fingerprint) as distinct_payloads,
    max(published_at) as last_published_at
from {{ ref('stg_quarantine') }}
where {{ lake_days_to_read('changed_quarantine_dates') }}
group by publish_date, claimed_event_type, error_code
