select
    publish_date,
    error_code,
    messages,
    quarantine_rows,
    distinct_payloads,
    last_published_at
from {{ ref('int_quarantine_daily') }}
where publish_date >= date '1970-01-01'
