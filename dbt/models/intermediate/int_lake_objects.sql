{{ config(**incremental_by_date('written_date', variable='changed_manifest_dates')) }}

select
    {{ date_from_parts('year', 'month', 'day') }} as written_date,
    root,
    object_date,
    event_type,
    error_code,
    count(*) as objects,
    cast(sum(row_count) as int64) as manifest_rows,
    cast(sum(stored_bytes) as int64) as stored_bytes,
    max(last_published_at) as last_published_at
from {{ ref('stg_manifest') }}
where {{ lake_days_to_read('changed_manifest_dates') }}
group by 1, 2, 3, 4, 5
