{#-
    An accounting identity between two models: for every value of `by`, the sums of `measures` here are the sums of `to_measures` there.
    `to_day` is the other model's date column: it is read for the days that this run rebuilt here, or for every day.
-#}
{% test totals_match(model, by, measures, to, to_by, to_measures, to_day=none, to_where='true') %}

with mine as (

    select
        {%- for expression in by %} {{ expression }} as key_{{ loop.index }},{% endfor %}
        {%- for expression in measures %} sum({{ expression }}) as total_{{ loop.index }}{{ ',' if not loop.last }}{% endfor %}
    from {{ model }}
    group by {% for _ in by %}{{ loop.index }}{{ ', ' if not loop.last }}{% endfor %}

),

theirs as (

    select
        {%- for expression in to_by %} {{ expression }} as key_{{ loop.index }},{% endfor %}
        {%- for expression in to_measures %} sum({{ expression }}) as total_{{ loop.index }}{{ ',' if not loop.last }}{% endfor %}
    from {{ to }}
    where {{ to_where }}{% if to_day %} and {{ days_of_tested_model(to_day) }}{% endif %}
    group by {% for _ in to_by %}{{ loop.index }}{{ ', ' if not loop.last }}{% endfor %}

)

select *
from mine
full outer join theirs
    on {% for _ in by %}mine.key_{{ loop.index }} = theirs.key_{{ loop.index }}{{ ' and ' if not loop.last }}{% endfor %}
where
    {%- for _ in measures %}
    coalesce(mine.total_{{ loop.index }}, 0) != coalesce(theirs.total_{{ loop.index }}, 0){{ ' or' if not loop.last }}
    {%- endfor %}

{% endtest %}
