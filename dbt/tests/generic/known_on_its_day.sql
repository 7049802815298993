{#- Every row has its counterpart in another model with a partition per day, on the same day: both sides are read for those days only. -#}
{% test known_on_its_day(model, key, day, to, to_key, to_day) %}

with child as (
    select * from {{ model }}
)

select child.{{ key }}
from child
left join (select * from {{ to }} where {{ rebuilt_days(to_day) }}) as parent
    on child.{{ key }} = parent.{{ to_key }} and child.{{ day }} = parent.{{ to_day }}
where parent.{{ to_key }} is null

{% endtest %}
