{{ config(**incremental_by_date('written_date', variable='changed_manifest_dates')) }}

select
    {{ date_from_parts('year', 'month', 'day') }} as written_date,
    root,
    object_date,
    event_type,
    error_code,
    -- What an object replaces is taken off where its record is, so that a sum over days of writing counts every line once.
    cast(count(*) - sum(replaced_objects) as int64) as objects,
    cast(sum(row_count - replaced_rows) as int64) as manifest_rows,
    cast(sum(stored_bytes - replaced_bytes) as int64) as stored_bytes,
    cast(sum(replaced_objects) as int64) as replaced_objects,
    cast(sum(replaced_rows) as int64) as replaced_rows,
    cast(sum(replaced_bytes) as int64) as replaced_bytes,
    max(last_published_at) as last_published_at
from {{ ref('stg_manifest') }}
where {{ lake_days_to_read('changed_manifest_dates') }}
group by 1, 2, 3, 4, 5
