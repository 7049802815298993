{#-
    Write, audit, publish. Reports are built and tested in `reporting_audit`; this copies all of them to `reporting` in one transaction,
    so that a reader sees either the whole last tested set or the whole new one. The same statements on both engines: BigQuery allows
    no DDL in a transaction, hence delete and insert into tables that exist.
    Airflow: `dbt run-operation publish_reports` after `dbt build --selector reporting --vars '{publish: false}'`.
-#}
{% macro publish_reports() %}
    {%- if execute -%}
        {%- set reports = audited_reports() -%}
        {%- set schema = api.Relation.create(database=target.database, schema=layer_schema('reporting') | trim) -%}
        {#- Terraform has made the dataset on BigQuery, where asking to make it again needs a right that we do not have. -#}
        {%- if not adapter.check_schema_exists(target.database, schema.schema) -%}{%- do adapter.create_schema(schema) -%}{%- endif -%}
        {%- set statements = [] -%}
        {%- for report in reports -%}
            {%- set audited = api.Relation.create(database=report.database, schema=report.schema, identifier=report.alias) -%}
            {%- set published = api.Relation.create(database=report.database, schema=schema.schema, identifier=report.alias) -%}
            {%- set columns = adapter.get_columns_in_relation(audited) | map(attribute='name') | list -%}
            {%- set existing = adapter.get_relation(published.database, published.schema, published.identifier) -%}
            {%- if existing is none or adapter.get_columns_in_relation(existing) | map(attribute='name') | list != columns -%}
                {#- A new report, or one whose columns changed. DuckDB has transactional DDL; on BigQuery this one table goes first. -#}
                {%- set create = 'create or replace table ' ~ published ~ ' as select * from ' ~ audited -%}
                {%- if target.type == 'duckdb' -%}{%- do statements.append(create) -%}{%- else -%}{%- do run_query(create) -%}{%- endif -%}
            {%- endif -%}
            {%- set names = columns | join(', ') -%}
            {%- do statements.append('delete from ' ~ published ~ ' where true') -%}
            {%- do statements.append('insert into ' ~ published ~ ' (' ~ names ~ ') select ' ~ names ~ ' from ' ~ audited) -%}
        {%- endfor -%}
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

{#- At the end of `dbt build`: publish if this run built and tested every report, and nothing in it failed or was skipped. -#}
{% macro publish_reports_if_audited(results) %}
    {%- if execute and flags.WHICH == 'build' and var('publish') -%}
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
            {%- do publish_reports() -%}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}
