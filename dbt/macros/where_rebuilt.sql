{#-
    Tests look at what the run rebuilt. Given the days (`changed_dates`), a generic test on a model with a partition per day reads those
    days only, so that a daily build costs what the day costs; without them, and in `unique_over_days`, it reads every day. Either way the partition column is in
    the predicate, as BigQuery's require_partition_filter demands.
-#}
{% macro get_where_subquery(relation) -%}
    {%- set conditions = [] -%}
    {%- if config.get('where') -%}{%- do conditions.append(config.get('where')) -%}{%- endif -%}
    {%- set tested = graph.nodes.get(model.attached_node) if execute and model.attached_node else none -%}
    {%- if tested and tested.config.meta.rebuild -%}
        {%- set rebuild = tested.config.meta.rebuild -%}
        {%- if model.test_metadata.name == 'unique_over_days' -%}
            {%- do conditions.append(rebuild.column ~ " >= date '1970-01-01'") -%}
        {%- else -%}
            {%- do conditions.append(rebuilt_days(rebuild.column, rebuild.before, rebuild.after, rebuild.variable)) -%}
        {%- endif -%}
    {%- endif -%}
    {%- if conditions -%}
        (select * from {{ relation }} where {{ conditions | join(' and ') }}) as tested
    {%- else -%}
        {{ relation }}
    {%- endif -%}
{%- endmacro %}

{#- The days that this run rebuilt, for a test: every day unless the days were given. -#}
{% macro rebuilt_days(column, before=0, after=0, variable='changed_dates') -%}
    {%- if var(variable, none) is none or flags.FULL_REFRESH -%}
        {{ column }} >= date '1970-01-01'
    {%- else -%}
        {{ in_dates(column, rebuild_dates(before, after, variable)) }}
    {%- endif -%}
{%- endmacro %}

{#- In a generic test: the days that the run rebuilt of the tested model, as a predicate on another model's date column. -#}
{% macro days_of_tested_model(column) -%}
    {%- set tested = graph.nodes.get(model.attached_node) if execute and model.attached_node else none -%}
    {%- if tested and tested.config.meta.rebuild -%}
        {%- set rebuild = tested.config.meta.rebuild -%}
        {{ rebuilt_days(column, rebuild.before, rebuild.after, rebuild.variable) }}
    {%- else -%}
        {{ column }} >= date '1970-01-01'
    {%- endif -%}
{%- endmacro %}
