{#-
    Every event once, in one table with a partition per day: the only model that reads most of the lake, so that sessions, funnel,
    engagement and data quality do not each read it again. Types' own columns are null for the others. No personal data.
-#}
{%- set own_columns = {
    'page_path': 'string', 'page_type': 'string', 'referrer': 'string',
    'product_id': 'string', 'product_name': 'string', 'category': 'string', 'quantity': 'int64', 'unit_price': 'numeric(18, 2)',
    'cart_id': 'string', 'campaign_id': 'string', 'ad_id': 'string', 'channel': 'string', 'landing_path': 'string',
    'order_id': 'string', 'currency': 'string',
} -%}
{%- set product = ['product_id', 'product_name', 'category', 'unit_price', 'currency'] -%}
{%- set types = {
    'user_registered': [],
    'page_viewed': ['page_path', 'page_type', 'referrer'],
    'product_viewed': product,
    'ad_clicked': ['campaign_id', 'ad_id', 'channel', 'landing_path'],
    'product_added': product + ['cart_id', 'quantity'],
    'product_removed': product + ['cart_id', 'quantity'],
    'checkout_started': ['cart_id', 'currency'],
    'order_completed': ['order_id', 'cart_id', 'currency'],
    'order_refunded': ['order_id', 'currency'],
} -%}
{{ config(**incremental_by_date('event_date', cluster_by=['event_type', 'session_id'])) }}

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
