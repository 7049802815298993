{#- Where the two engines say the same thing differently. Everything else in the models is SQL that both understand. -#}

{#- Text with an offset, or a timestamp, to an instant; null if unreadable. DuckDB: TIMESTAMP holding UTC, independent of the session. -#}
{% macro utc_timestamp(expression) %}{{ return(adapter.dispatch('utc_timestamp')(expression)) }}{% endmacro %}
{% macro default__utc_timestamp(expression) %}timezone('UTC', try_cast({{ expression }} as timestamptz)){% endmacro %}
{% macro bigquery__utc_timestamp(expression) %}safe_cast({{ expression }} as timestamp){% endmacro %}

{#-
    A text with an instant, without the decimals beyond the sixth: both engines keep microseconds, DuckDB cuts off the others itself, and
    BigQuery cannot read them. Only texts longer than an instant of six decimals and a Z are looked at closely.
-#}
{% macro to_the_microsecond(text) %}{{ return(adapter.dispatch('to_the_microsecond')(text)) }}{% endmacro %}
{% macro default__to_the_microsecond(text) %}{{ text }}{% endmacro %}
{% macro bigquery__to_the_microsecond(text) -%}
    case when length({{ text }}) > 27 then regexp_replace({{ text }}, r'([.][0-9]{6})[0-9]+', r'\1') else {{ text }} end
{%- endmacro %}

{#- The wall clock (no zone) at an instant in the IANA zone given by an expression. -#}
{% macro local_datetime(instant, zone) %}{{ return(adapter.dispatch('local_datetime')(instant, zone)) }}{% endmacro %}
{% macro default__local_datetime(instant, zone) %}timezone({{ zone }}, timezone('UTC', {{ instant }})){% endmacro %}
{% macro bigquery__local_datetime(instant, zone) %}datetime({{ instant }}, {{ zone }}){% endmacro %}

{#- The UTC date of an instant. -#}
{% macro utc_date(instant) %}{{ return(adapter.dispatch('utc_date')(instant)) }}{% endmacro %}
{% macro default__utc_date(instant) %}cast({{ instant }} as date){% endmacro %}
{% macro bigquery__utc_date(instant) %}date({{ instant }}, 'UTC'){% endmacro %}

{% macro date_from_parts(year, month, day) %}{{ return(adapter.dispatch('date_from_parts')(year, month, day)) }}{% endmacro %}
{% macro default__date_from_parts(year, month, day) %}make_date({{ year }}, {{ month }}, {{ day }}){% endmacro %}
{% macro bigquery__date_from_parts(year, month, day) %}date({{ year }}, {{ month }}, {{ day }}){% endmacro %}

{% macro add_days(day, count) %}{{ return(adapter.dispatch('add_days')(day, count)) }}{% endmacro %}
{% macro default__add_days(day, count) %}cast({{ day }} + cast({{ count }} as integer) as date){% endmacro %}
{% macro bigquery__add_days(day, count) %}date_add({{ day }}, interval {{ count }} day){% endmacro %}

{% macro days_between(earlier, later) %}{{ return(adapter.dispatch('days_between')(earlier, later)) }}{% endmacro %}
{% macro default__days_between(earlier, later) %}cast({{ later }} - {{ earlier }} as int64){% endmacro %}
{% macro bigquery__days_between(earlier, later) %}date_diff({{ later }}, {{ earlier }}, day){% endmacro %}

{% macro month_start(day) %}{{ return(adapter.dispatch('month_start')(day)) }}{% endmacro %}
{% macro default__month_start(day) %}cast(date_trunc('month', {{ day }}) as date){% endmacro %}
{% macro bigquery__month_start(day) %}date_trunc({{ day }}, month){% endmacro %}

{#- 1 = Monday … 7 = Sunday. -#}
{% macro iso_weekday(day) %}{{ return(adapter.dispatch('iso_weekday')(day)) }}{% endmacro %}
{% macro default__iso_weekday(day) %}cast(isodow({{ day }}) as int64){% endmacro %}
{% macro bigquery__iso_weekday(day) %}(mod(extract(dayofweek from {{ day }}) + 5, 7) + 1){% endmacro %}

{#- Whole seconds from one instant to another, cut towards zero. -#}
{% macro seconds_between(earlier, later) %}{{ return(adapter.dispatch('seconds_between')(earlier, later)) }}{% endmacro %}
{% macro default__seconds_between(earlier, later) %}cast(trunc((epoch_us({{ later }}) - epoch_us({{ earlier }})) // 1000000) as int64){% endmacro %}
{% macro bigquery__seconds_between(earlier, later) %}timestamp_diff({{ later }}, {{ earlier }}, second){% endmacro %}

{#- An instant plus a whole number of hours. -#}
{% macro add_hours(instant, hours) %}{{ return(adapter.dispatch('add_hours')(instant, hours)) }}{% endmacro %}
{% macro default__add_hours(instant, hours) %}{{ instant }} + interval ({{ hours }}) hour{% endmacro %}
{% macro bigquery__add_hours(instant, hours) %}timestamp_add({{ instant }}, interval {{ hours }} hour){% endmacro %}

{#- DuckDB's dbt.safe_cast is a hard cast. -#}
{% macro duckdb__safe_cast(field, type) %}try_cast({{ field }} as {{ type }}){% endmacro %}

{#- Money: exact decimals with two digits, from text or from a sum. -#}
{% macro money(expression) %}cast({{ expression }} as numeric(29, 2)){% endmacro %}
{% macro money_from_text(expression) %}{{ return(adapter.dispatch('money_from_text')(expression)) }}{% endmacro %}
{% macro default__money_from_text(expression) %}try_cast({{ expression }} as numeric(29, 2)){% endmacro %}
{% macro bigquery__money_from_text(expression) %}safe_cast({{ expression }} as numeric){% endmacro %}

{#-
    Exact division, rounded half away from zero to `scale` digits; null for a zero divisor. DuckDB divides decimals as doubles, so there
    it is done in whole numbers. Operands need at most two decimals.
-#}
{% macro divide(numerator, denominator, scale=2) %}{{ return(adapter.dispatch('divide')(numerator, denominator, scale)) }}{% endmacro %}
{% macro default__divide(numerator, denominator, scale) -%}
    {%- set cents = "cast(cast(" ~ numerator ~ " as numeric(29, 2)) * 100 as hugeint)" -%}
    {%- set parts = "cast(cast(" ~ denominator ~ " as numeric(29, 2)) * 100 as hugeint)" -%}
    cast(
        sign({{ cents }}) * sign({{ parts }})
        * ((2 * abs({{ cents }}) * {{ 10 ** scale }} + abs({{ parts }})) // nullif(2 * abs({{ parts }}), 0))
        as numeric(29, 0)
    ) * cast('{{ "%.*f" | format(scale, 10 ** -scale) }}' as numeric({{ scale + 1 }}, {{ scale }}))
{%- endmacro %}
{% macro bigquery__divide(numerator, denominator, scale) -%}
    cast(round(safe_divide(cast({{ numerator }} as bignumeric), cast({{ denominator }} as bignumeric)), {{ scale }}) as numeric)
{%- endmacro %}

{#- `divide` as a column of a contract: numeric(29, scale). -#}
{% macro ratio(numerator, denominator, scale=4) %}cast({{ divide(numerator, denominator, scale) }} as numeric(29, {{ scale }})){% endmacro %}

{#- Distinct values in a given order, as one text. -#}
{% macro list_in_order(value, order_by) %}string_agg({{ value }}, ', ' order by {{ order_by }}){% endmacro %}

{#- Noon or later, UTC. -#}
{% macro is_afternoon(instant) %}{{ return(adapter.dispatch('is_afternoon')(instant)) }}{% endmacro %}
{% macro default__is_afternoon(instant) %}(extract(hour from {{ instant }}) >= 12){% endmacro %}
{% macro bigquery__is_afternoon(instant) %}(extract(hour from {{ instant }} at time zone 'UTC') >= 12){% endmacro %}

{#- A table of every day between two literal dates, both included, in a column `date_day`. -#}
{% macro days_from_to(first, last) %}{{ return(adapter.dispatch('days_from_to')(first, last)) }}{% endmacro %}
{% macro default__days_from_to(first, last) -%}
    (select cast(generated as date) as date_day from generate_series(date '{{ first }}', date '{{ last }}', interval 1 day) as series (generated))
{%- endmacro %}
{% macro bigquery__days_from_to(first, last) -%}
    unnest(generate_date_array(date '{{ first }}', date '{{ last }}')) as date_day
{%- endmacro %}

{#- Whole number of times that one whole number holds another. -#}
{% macro whole_division(numerator, denominator) %}{{ return(adapter.dispatch('whole_division')(numerator, denominator)) }}{% endmacro %}
{% macro default__whole_division(numerator, denominator) %}(({{ numerator }}) // ({{ denominator }})){% endmacro %}
{% macro bigquery__whole_division(numerator, denominator) %}div({{ numerator }}, {{ denominator }}){% endmacro %}

{#- Whole months from the first day of one month to the first day of another. -#}
{% macro months_between(earlier, later) -%}
    ((extract(year from {{ later }}) - extract(year from {{ earlier }})) * 12 + extract(month from {{ later }}) - extract(month from {{ earlier }}))
{%- endmacro %}

{#- A hash of what the sender sent, as the lake's columns hold it: of an event's columns without its id (in any case) and without the delivery. -#}
{% macro payload_hash(table) %}{{ return(adapter.dispatch('payload_hash')(table)) }}{% endmacro %}
{% macro default__payload_hash(table) %}hash(*columns({{ table }}.* exclude (event_id, _ingest))){% endmacro %}
{% macro bigquery__payload_hash(table) %}farm_fingerprint(to_json_string((select as struct {{ table }}.* except (event_id, _ingest)))){% endmacro %}
