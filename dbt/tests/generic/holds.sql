{#- An identity that every row fulfils; a row for which it is null breaks it too. -#}
{% test holds(model, expression) %}

select *
from {{ model }}
where not coalesce(({{ expression }}), false)

{% endtest %}
