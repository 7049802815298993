{#-
    Every event once, in one table with a partition per day: the only model that reads most of the lake, so that sessions, funnel,
    engagement and data quality do not each read it again. Types' own columns are null for the others. No personal data.
-#}
{%- set types = event_types() -%}
{%- set own_columns = {} -%}
{%- for columns in types.values() -%}{%- do own_columns.update(columns) -%}{%- endfor -%}
{{ config(**incremental_by_date('event_date', cluster_by=['event_type', 'session_id'], new_columns=true)) }}

-- noqa: disable=LT02
{% for type, columns in types.items() %}
select
    event_date,
    '{{ type }}' as event_type,
    event_id,
    event_at,
    published_at,
    copies,
    user_id,
    anonymous_id,
    session_id,
    device,
    country_code,
    {%- for column, data_type in own_columns.items() %}
    cast({{ column if column in columns else 'null' }} as {{ data_type }}) as {{ column }}{{ ',' if not loop.last }}
    {%- endfor %}
from {{ ref('stg_' ~ type) }}
where {{ lake_days_to_read() }}
{{ 'union all' if not loop.last }}
{% endfor %}
