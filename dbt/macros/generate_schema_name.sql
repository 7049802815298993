{#- On DuckDB one file is one warehouse, so schemas carry plain names; on BigQuery datasets share a project and carry the prefix. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ layer_schema(custom_schema_name | trim if custom_schema_name else none) }}
{%- endmacro %}

{% macro layer_schema(layer) -%}
    {%- if not layer -%}
        {{ target.schema }}
    {%- elif target.schema == 'main' -%}
        {{ layer }}
    {%- else -%}
        {{ target.schema }}_{{ layer }}
    {%- endif -%}
{%- endmacro %}
