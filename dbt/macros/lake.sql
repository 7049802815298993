{#-
    On DuckDB the lake's source tables are views over the files, made at the start of every run from the pinned schemas in _sources.yml:
    nothing is inferred, and a type without files is an empty view (DuckDB raises an error for a pattern that matches no file, and a
    placeholder object in the lake would be one more thing that is not an event). On BigQuery they are external tables made by Terraform.
    A line may be 16 MiB long (DuckDB's default), which is more than the longest of quarantine (beam_pipeline.routing).
    `ignore_errors`: a corrupt line becomes a row of nulls, which staging drops and the manifest audit counts.
-#}
{% macro create_lake_views() %}
    {%- if execute and target.type == 'duckdb' -%}
        {%- set roots = {
            'lake': env_var('LAKE_PATH', '../.lake/demo/lake'),
            'quarantine': env_var('QUARANTINE_PATH', '../.lake/demo/quarantine'),
        } -%}
        {%- for source in graph.sources.values() if source.config.meta.duckdb -%}
            {%- set lake = source.config.meta.duckdb -%}
            {%- set files = literal_glob(roots[lake.root].rstrip('/')) ~ '/' ~ lake.files -%}
            {%- set root = 'manifest' if source.identifier == 'manifest' else lake.root -%}
            {%- set view = '"' ~ source.schema ~ '"."' ~ source.identifier ~ '"' -%}
            {%- if loop.first %}{% do run_query('create schema if not exists "' ~ source.schema ~ '"') %}{% endif -%}
            {%- set found = run_query("select count(*) from (select file from glob('" ~ files | replace("'", "''") ~ "') limit 1)") -%}
            {%- do run_query('create or replace view ' ~ view ~ ' as ' ~ lake_view_query(source, lake.columns, files, found[0][0] > 0, root)) -%}
        {%- endfor -%}
    {%- endif -%}
{% endmacro %}

{#- A path as a glob pattern that matches this path alone. Question marks are refused before (warehouse_runner.plan). -#}
{% macro literal_glob(path) -%}
    {%- set escaped = [] -%}
    {%- for character in path -%}
        {%- do escaped.append('[' ~ character ~ ']' if character in '[*' else character) -%}
    {%- endfor -%}
    {{- return(escaped | join) -}}
{%- endmacro %}

{#-
    Partition keys are the source's declared columns that are not in its files. With the variable `snapshot`, a view reads the objects that
    the run's snapshot names and no other (warehouse_runner.snapshot): models read at different moments, while the ingestion writes.
-#}
{% macro lake_view_query(source, columns, files, any_file, root) -%}
    {%- set keys = {} -%}
    {%- for column in source.columns.values() if column.name not in columns -%}
        {%- do keys.update({column.name: 'BIGINT' if column.data_type == 'int64' else 'VARCHAR'}) -%}
    {%- endfor -%}
    {%- if any_file -%}
        select * exclude (filename) from read_json('{{ files | replace("'", "''") }}', format = 'newline_delimited', ignore_errors = true,
            hive_partitioning = true, filename = true,
            hive_types = { {%- for key, type in keys.items() %}'{{ key }}': '{{ type }}'{{ ', ' if not loop.last }}{% endfor -%} },
            columns = { {%- for name, type in columns.items() %}'{{ name }}': '{{ type }}'{{ ', ' if not loop.last }}{% endfor -%} })
        {%- if var('snapshot') %}
        where filename in (select file from build_state.snapshot_files where root = '{{ root }}')
        {%- endif %}
    {%- else -%}
        select
        {%- for name, type in columns.items() %} cast(null as {{ type }}) as "{{ name }}",{% endfor -%}
        {%- for name, type in keys.items() %} cast(null as {{ type }}) as "{{ name }}"{{ ',' if not loop.last }}{% endfor %}
        where false
    {%- endif -%}
{%- endmacro %}

{#- Freshness of a source, answered by the manifest of the last two weeks: a few kilobytes in place of a scan of the lake. -#}
{% macro manifest_freshness(source_name) %}
    {%- set since = (run_started_at - modules.datetime.timedelta(days=14)).date().isoformat() -%}
    select max({{ utc_timestamp('max_publish_time') }}) as last_published_at
    from {{ source('lake', 'manifest') }}
    where year >= {{ since[:4] | int }}
        and {{ date_from_parts('year', 'month', 'day') }} >= date '{{ since }}'
        {%- if source_name == 'quarantine' %} and root = 'quarantine'{% elif source_name != 'manifest' %} and event_type = '{{ source_name }}'{% endif %}
{% endmacro %}
