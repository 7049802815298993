{#-
    Write, audit, publish. Reports are built and tested in `reporting_audit`; this copies all of them to `reporting` in one transaction,
    so that a reader sees either the whole last tested set or the whole new one. The same statements on both engines: BigQuery allows
    no DDL in a transaction, hence delete and insert into tables that exist.
    Airflow: `dbt run-operation publish_reports` after `dbt build --selector reporting --vars '{publish: false}'`.

    Publishing is tied to its audit by a mark, a row of `reporting_audit.audit_mark`: a run that is about to build reports removes it,
    a run that has built and tested all of them writes it, and publishing demands it. Published again, the same audited reports are the
    same, so a task that was killed or cleared may be run again.
-#}
{% macro audit_mark() %}
    {{- return(api.Relation.create(database=target.database, schema=layer_schema('reporting_audit') | trim, identifier='audit_mark')) -}}
{% endmacro %}

{#- Before anything is built: what was audited is about to be replaced. -#}
{% macro remove_audit_mark() %}
    {%- if execute and flags.WHICH in ['build', 'run'] -%}
        {%- set reports = audited_reports() | map(attribute='unique_id') | list -%}
        {%- if selected_resources | select('in', reports) | list -%}
            {%- set mark = audit_mark() -%}
            {%- if not adapter.check_schema_exists(mark.database, mark.schema) -%}{%- do adapter.create_schema(mark) -%}{%- endif -%}
            {%- do run_query('create table if not exists ' ~ mark ~ ' (run_id ' ~ api.Column.translate_type('string') ~ ', reports '
                ~ api.Column.translate_type('string') ~ ', audited_at timestamp, published_at timestamp)') -%}
            {%- do run_query('delete from ' ~ mark ~ ' where true') -%}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}

{% macro publish_reports() %}
    {%- if execute -%}
        {%- set reports = audited_reports() -%}
        {%- set schema = api.Relation.create(database=target.database, schema=layer_schema('reporting') | trim) -%}
        {#- Terraform has made the dataset on BigQuery, where asking to make it again needs a right that we do not have. -#}
        {%- if not adapter.check_schema_exists(target.database, schema.schema) -%}{%- do adapter.create_schema(schema) -%}{%- endif -%}
        {%- set mark = audit_mark() -%}
        {%- set refusal = 'the reports in ' ~ mark.schema ~ ' have not passed their audit since they were last built: build and test them'
            ~ ' again, then publish' -%}
        {%- set statements = ["select case when count(*) = 0 then error('" ~ refusal ~ "') end as audited from " ~ mark] -%}
        {%- for report in reports -%}
            {%- set audited = api.Relation.create(database=report.database, schema=report.schema, identifier=report.alias) -%}
            {%- set published = api.Relation.create(database=report.database, schema=schema.schema, identifier=report.alias) -%}
            {%- set columns = adapter.get_columns_in_relation(audited) | map(attribute='name') | list -%}
            {#- A report with a partition per day requires a filter on it of every reader, this one included. -#}
            {%- set every_day = " where " ~ report.config.meta.rebuild.column ~ " >= date '1970-01-01'" if report.config.meta.rebuild else '' -%}
            {%- set existing = adapter.get_relation(published.database, published.schema, published.identifier) -%}
            {%- if existing is none or adapter.get_columns_in_relation(existing) | map(attribute='name') | list != columns -%}
                {#- A new report, or one whose columns changed. DuckDB has transactional DDL; on BigQuery this one table goes first. -#}
                {%- set create = 'create or replace table ' ~ published ~ ' as select * from ' ~ audited ~ every_day -%}
                {%- if target.type == 'duckdb' -%}{%- do statements.append(create) -%}{%- else -%}{%- do run_query(create) -%}{%- endif -%}
            {%- endif -%}
            {%- set names = columns | join(', ') -%}
            {%- do statements.append('delete from ' ~ published ~ ' where true') -%}
            {%- do statements.append('insert into ' ~ published ~ ' (' ~ names ~ ') select ' ~ names ~ ' from ' ~ audited ~ every_day) -%}
        {%- endfor -%}
        {%- do statements.append('update ' ~ mark ~ ' set published_at = current_timestamp where true') -%}
        {%- do run_in_transaction(statements | join(';\n')) -%}
        {%- do log('Published ' ~ reports | length ~ ' reports to ' ~ schema.schema, info=true) -%}
    {%- endif -%}
{% endmacro %}

{#- DuckDB: dbt may have begun a transaction already; what is in it is committed with ours. BigQuery: a script that rolls back on an error. -#}
{% macro run_in_transaction(sql) %}
    {%- if target.type == 'duckdb' -%}
        {%- call statement('publish', auto_begin=true) -%}{{ sql }}{%- endcall -%}
        {%- do adapter.commit() -%}
    {%- else -%}
        {%- do run_query('begin transaction;\n' ~ sql ~ ';\ncommit transaction;') -%}
    {%- endif -%}
{% endmacro %}

{% macro audited_reports() %}
    {{- return(graph.nodes.values() | selectattr('resource_type', 'equalto', 'model') | selectattr('package_name', 'equalto', project_name)
        | selectattr('fqn.1', 'equalto', 'reporting') | sort(attribute='name') | list) -}}
{% endmacro %}

{#- Every report and every test that reads one: what a run must have done before it may publish. -#}
{% macro audit_steps() %}
    {%- set reports = audited_reports() | map(attribute='unique_id') | list -%}
    {%- set steps = reports | list -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'test' -%}
        {%- if node.depends_on.nodes | select('in', reports) | list -%}{%- do steps.append(node.unique_id) -%}{%- endif -%}
    {%- endfor -%}
    {{- return(steps) -}}
{% endmacro %}

{#- At the end of `dbt build`: mark and publish if it built and tested every report, and nothing in it failed or was skipped. -#}
{% macro publish_reports_if_audited(results) %}
    {%- if execute and flags.WHICH == 'build' -%}
        {%- set built = [] -%}
        {%- set bad = [] -%}
        {%- for result in results -%}
            {%- do built.append(result.node.unique_id) -%}
            {%- if result.status | string not in ('success', 'pass', 'warn', 'no-op') -%}{%- do bad.append(result.node.name) -%}{%- endif -%}
        {%- endfor -%}
        {%- set missing = audit_steps() | reject('in', built) | list -%}
        {%- if bad -%}
            {%- do log('Not published, the reports of the last good run stand: ' ~ bad[:5] | join(', ') ~ (' …' if bad | length > 5 else ''), info=true) -%}
        {%- elif not missing -%}
            {%- do run_query("insert into " ~ audit_mark() ~ " (run_id, reports, audited_at, published_at) values ('" ~ invocation_id ~ "', '"
                ~ audited_reports() | map(attribute='alias') | join(' ') ~ "', current_timestamp, null)") -%}
            {%- if var('publish') -%}{%- do publish_reports() -%}{%- endif -%}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}
