with source as (

    select * from {{ source('lake', 'quarantine') }}

),

renamed as (

    select
        message_id,
        {{ date_from_parts('year', 'month', 'day') }} as publish_date,
        {{ utc_timestamp('publish_time') }} as published_at,
        reason as error_code,
        message as error_message,
        field as field_path,
        -- What the sender said it was: an attribute, because the payload may not be readable.
        coalesce(
            (
                select max(attribute.value)
                from unnest(attributes) as attribute
                where attribute.key = 'event_type'
            ),
            'unknown'
        ) as claimed_event_type,
        fingerprint,
        pipeline_version,
        year,
        month,
        day,
        count(*) over (partition by year, month, day, message_id, fingerprint) as copies
    from source
    where message_id is not null and {{ in_snapshot('publish_time') }}
    -- A redelivered message is quarantined again: the same id and the same bytes on the same publish date.
    qualify row_number() over (partition by year, month, day, message_id, fingerprint order by reason) = 1

)

select * from renamed
