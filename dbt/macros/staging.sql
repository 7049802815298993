{#-
    What every event carries, typed. `copies` counts the lake's rows of this event on this day: what is equal in everything but the
    message that brought it is one event, delivered again. Different events of a type and day that claim one id are all kept: the first
    in the order of their hashes has the id, the others the id, `#` and their hash.
-#}
{% macro event_envelope() -%}
    claimed_id || case
        when row_number() over {{ events_of_id() }} = 1 then '' else '#' || cast(payload as string)
    end as event_id,
    {{ date_from_parts('year', 'month', 'day') }} as event_date,
    {{ utc_timestamp(to_the_microsecond('timestamp')) }} as event_at,
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
    count(*) over (
        partition by year, month, day, claimed_id
        order by payload
        range between current row and current row
    ) as copies
{%- endmacro %}

{#-
    One row per event and day: the copy published first, then the smaller message id (unique in Pub/Sub). The partition keys are part of
    the window's key so that engines can prune through it; copies of an event follow each other in it, so that one sort answers all.
    `claimed_id` is the id as sent, in lower case: BigQuery takes `event_id` in a qualify for the column that is made here.
-#}
{% macro is_first_copy() -%}
    payload is distinct from lag(payload) over {{ events_of_id() }}
{%- endmacro %}

{% macro events_of_id() -%}
    (
        partition by year, month, day, claimed_id
        order by payload, {{ utc_timestamp('_ingest.publish_time') }}, _ingest.message_id
    )
{%- endmacro %}

{#- The item structs of an order, typed. -#}
{% macro item_columns(item) -%}
    {{ item }}.product_id as product_id,
    {{ item }}.product_name as product_name,
    {{ item }}.category as category,
    cast({{ item }}.quantity as int64) as quantity,
    {{ money_from_text(item ~ '.unit_price') }} as unit_price
{%- endmacro %}

{#-
    Whether a row belongs to the run's snapshot. On BigQuery everything published before the watermark is in the lake, and whatever is
    written while a run builds was published after it. Texts compare as the instants do: all have the same form. On DuckDB the views
    over the lake read a list of objects (macros/lake.sql).
-#}
{% macro in_snapshot(publish_time) -%}
    {%- if target.type == 'bigquery' and var('published_before') -%}
        {{ publish_time }} < '{{ var('published_before') }}'
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}
