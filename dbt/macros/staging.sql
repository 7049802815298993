{#- What every event carries, typed. `copies` counts the lake's rows with this event_id on this day: redeliveries are copies, not events. -#}
{% macro event_envelope() -%}
    lower(event_id) as event_id,
    {{ date_from_parts('year', 'month', 'day') }} as event_date,
    {{ utc_timestamp('timestamp') }} as event_at,
    {{ utc_timestamp('_ingest.publish_time') }} as published_at,
    _ingest.message_id as message_id,
    coalesce(schema_version, 1) as schema_version,
    user_id,
    anonymous_id,
    session_id,
    device,
    location as country_code,
    year,
    month,
    day,
    count(*) over (partition by year, month, day, lower(event_id)) as copies
{%- endmacro %}

{#-
    One row per event_id and day: the copy published first, then the smaller message id (unique in Pub/Sub), then the event's own time.
    The partition keys are part of the window's key so that engines can prune through it.
-#}
{% macro is_first_copy() -%}
    row_number() over (
        partition by year, month, day, lower(event_id)
        order by {{ utc_timestamp('_ingest.publish_time') }}, _ingest.message_id, {{ utc_timestamp('timestamp') }}
    ) = 1
{%- endmacro %}

{#- The item structs of an order, typed. -#}
{% macro item_columns(item) -%}
    {{ item }}.product_id as product_id,
    {{ item }}.product_name as product_name,
    {{ item }}.category as category,
    cast({{ item }}.quantity as int64) as quantity,
    {{ money_from_text(item ~ '.unit_price') }} as unit_price
{%- endmacro %}
