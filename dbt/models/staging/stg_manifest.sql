with source as (

    select * from {{ source('lake', 'manifest') }}

),

renamed as (

    select
        path as object_path,
        root,
        event_type,
        reason as error_code,
        cast(date as date) as object_date,
        source.rows as row_count,
        source.bytes as stored_bytes,
        coalesce(array_length(source.replaces), 0) as replaced_objects,
        coalesce(source.replaced_rows, 0) as replaced_rows,
        coalesce(source.replaced_bytes, 0) as replaced_bytes,
        {{ utc_timestamp('min_publish_time') }} as first_published_at,
        {{ utc_timestamp('max_publish_time') }} as last_published_at,
        {{ utc_timestamp('written_at') }} as written_at,
        year,
        month,
        day
    from source
    where path is not null and {{ in_snapshot('max_publish_time') }}
    -- A retried batch writes the same object again, and says so again, in the same folder. The partition keys are part of the window's
    -- key so that a reader's filter on them reaches the table, which BigQuery demands.
    qualify row_number() over (partition by year, month, day, root, path order by written_at) = 1

)

select * from renamed
