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
        {{ utc_timestamp('min_publish_time') }} as first_published_at,
        {{ utc_timestamp('max_publish_time') }} as last_published_at,
        {{ utc_timestamp('written_at') }} as written_at,
        year,
        month,
        day
    from source
    where path is not null
    -- A retried batch writes the same object again, and says so again.
    qualify row_number() over (partition by root, path order by written_at) = 1

)

select * from renamed
