{#- The key names one thing, also across days. Reads every day's keys: a warning about producers, not part of the build's guarantees. -#}
{% test unique_over_days(model, key) %}

with tested as (
    select * from {{ model }}
)

select {{ key }}, count(*) as copies
from tested
group by {{ key }}
having count(*) > 1

{% endtest %}
