{#- A dimension has a row for every key of a fact; unless `extra`, it has no other rows. -#}
{% test same_keys(model, key, to, to_key, to_day, extra=false) %}

with dimension as (
    select {{ key }} as id from {{ model }}
),

fact as (
    select distinct {{ to_key }} as id from {{ to }} where {{ days_of_tested_model(to_day) }}
)

select coalesce(dimension.id, fact.id) as id
from dimension
full outer join fact on dimension.id = fact.id
where dimension.id is null
    {%- if not extra %} or fact.id is null{% endif %}

{% endtest %}
