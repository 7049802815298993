with days as (

    select date_day from {{ days_from_to('2000-01-01', '2040-12-31') }}

)

select
    date_day,
    cast(extract(year from date_day) as int64) as year,
    cast(extract(quarter from date_day) as int64) as quarter,
    cast(extract(month from date_day) as int64) as month,
    cast(extract(day from date_day) as int64) as day_of_month,
    {{ month_start('date_day') }} as month_start_date,
    {{ add_days('date_day', '1 - ' ~ iso_weekday('date_day')) }} as week_start_date,
    {{ iso_weekday('date_day') }} as iso_weekday,
    {{ iso_weekday('date_day') }} >= 6 as is_weekend
from days
