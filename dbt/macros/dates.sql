{#-
    Which days a run rebuilds. The list is known while compiling, without a database: it comes from a variable (found outside dbt,
    from the ingestion manifest) or, by default, from the run's own start date. It always reaches SQL as literals, because only
    literal predicates prune partitions on both engines.
-#}

{#- The days to rebuild as ISO strings, widened by `before` days into the past and `after` days into the future. -#}
{% macro rebuild_dates(before=0, after=0, variable='changed_dates') %}
    {%- set given = var(variable, none) -%}
    {%- if given is none -%}
        {%- set today = run_started_at.date() -%}
        {%- set days = [] -%}
        {%- for back in range(var('recent_days') | int) -%}
            {%- do days.append(today - modules.datetime.timedelta(days=back)) -%}
        {%- endfor -%}
    {%- else -%}
        {%- set texts = given if given is not string else given.split(',') -%}
        {%- set days = [] -%}
        {%- for text in texts if text | string | trim -%}
            {%- do days.append(modules.datetime.date.fromisoformat(text | string | trim)) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- set widened = [] -%}
    {%- for day in days -%}
        {%- for shift in range(-before, after + 1) -%}
            {%- do widened.append((day + modules.datetime.timedelta(days=shift)).isoformat()) -%}
        {%- endfor -%}
    {%- endfor -%}
    {#- No change is a rebuild of a day that has no data, so that there is one code path. -#}
    {{- return(widened | unique | sort | list or ['1970-01-01']) -}}
{% endmacro %}

{#- `column in (date '…', …)`. -#}
{% macro in_dates(column, dates) -%}
    {{ column }} in ({% for day in dates %}date '{{ day }}'{{ ', ' if not loop.last }}{% endfor %})
{%- endmacro %}

{#- Predicate on a warehouse table's date column: the days this run needs, or every day when the model is built whole. -#}
{% macro days_to_read(column, before=0, after=0, variable='changed_dates') -%}
    {%- if is_incremental() -%}
        {{ in_dates(column, rebuild_dates(before, after, variable)) }}
    {%- else -%}
        {{ column }} >= date '{{ first_date(variable) }}'
    {%- endif -%}
{%- endmacro %}

{#- The first day of a model that is built whole: of event dates, the variable `first_date`. -#}
{% macro first_date(variable) -%}
    {{- return((var('first_date') if variable == 'changed_dates' else none) or '1970-01-01') -}}
{%- endmacro %}

{#- The same predicate on the lake's partition keys: one `(year, month, days)` group per month, which both engines prune by. -#}
{% macro lake_days_to_read(variable='changed_dates') -%}
    {%- if is_incremental() -%}
        {%- set months = {} -%}
        {%- for day in rebuild_dates(variable=variable) -%}
            {%- do months.setdefault(day[:7], []).append(day[8:] | int) -%}
        {%- endfor -%}
        (
        {%- for month, days in months.items() -%}
            {{ ' or ' if not loop.first }}(year = {{ month[:4] | int }} and month = {{ month[5:] | int }} and day in ({{ days | join(', ') }}))
        {%- endfor -%}
        )
    {%- else -%}
        {%- set first = first_date(variable) -%}
        {%- set year, month, day = first[:4] | int, first[5:7] | int, first[8:] | int -%}
        year >= {{ year }}
        {%- if first != '1970-01-01' %} and (year > {{ year }} or month > {{ month }} or (month = {{ month }} and day >= {{ day }})){% endif -%}
    {%- endif -%}
{%- endmacro %}

{#-
    The configuration of a model that holds one partition per day and rebuilds whole days: static `insert_overwrite` on BigQuery,
    delete and insert of the same literal days on DuckDB. `meta.rebuild` lets tests look at the same days. `new_columns`: a column that the
    table lacks is added, null on the days that are not rebuilt, instead of failing the build.
-#}
{% macro incremental_by_date(column, before=0, after=0, variable='changed_dates', cluster_by=none, new_columns=false) %}
    {%- set settings = {
        'materialized': 'incremental',
        'on_schema_change': 'append_new_columns' if new_columns else 'fail',
        'meta': {'rebuild': {'column': column, 'before': before, 'after': after, 'variable': variable}},
    } -%}
    {%- if target.type == 'bigquery' -%}
        {%- set partitions = [] -%}
        {%- for day in rebuild_dates(before, after, variable) -%}
            {%- do partitions.append("date '" ~ day ~ "'") -%}
        {%- endfor -%}
        {%- do settings.update({
            'incremental_strategy': 'insert_overwrite',
            'partition_by': {'field': column, 'data_type': 'date'},
            'partitions': partitions,
            'require_partition_filter': true,
        }) -%}
        {%- if cluster_by -%}{%- do settings.update({'cluster_by': cluster_by}) -%}{%- endif -%}
    {%- else -%}
        {%- do settings.update({'incremental_strategy': 'replace_dates'}) -%}
    {%- endif -%}
    {{- return(settings) -}}
{% endmacro %}

{#-
    DuckDB's counterpart of BigQuery's static insert_overwrite. A day that has become empty is emptied, which delete+insert by key is not.
    The days are found when the model is built, not in its configuration: the project parses to the same whatever days a run is given.
-#}
{% macro get_incremental_replace_dates_sql(arg_dict) %}
    {%- set rebuild = model.config.meta.rebuild -%}
    {%- set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) -%}
    delete from {{ arg_dict['target_relation'] }} where {{ in_dates(rebuild.column, rebuild_dates(rebuild.before, rebuild.after, rebuild.variable)) }};
    insert into {{ arg_dict['target_relation'] }} ({{ columns }}) (select {{ columns }} from {{ arg_dict['temp_relation'] }})
{% endmacro %}
