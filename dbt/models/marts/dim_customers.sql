with daily as (

    select * from {{ ref('int_customer_daily') }}
    where activity_date >= date '1970-01-01'

),

registrations as (

    select * from {{ ref('int_registrations') }}
    where registration_date >= date '1970-01-01'

),

countries as (

    select
        user_id,
        country_code,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at
    from daily
    group by user_id, country_code

),

travelled as (

    select
        user_id,
        count(*) as countries,
        {{ list_in_order('country_code', 'first_seen_at, country_code') }} as country_history
    from countries
    group by user_id

),

current_country as (

    select user_id, country_code from countries
    where true
    qualify row_number() over (partition by user_id order by last_seen_at desc, country_code) = 1

),

seen as (

    select
        user_id,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at,
        cast(sum(events) as int64) as events,
        count(distinct activity_date) as active_days
    from daily
    group by user_id

),

first_registration as (

    select user_id, registered_at, signup_method from registrations
    where true
    qualify row_number() over (partition by user_id order by registered_at, event_id) = 1

),

-- A customer who registers again tells us the newer address.
latest_details as (

    select user_id, name, email, address, city, postal_code, marketing_opt_in from registrations
    where true
    qualify row_number() over (partition by user_id order by registered_at desc, event_id desc) = 1

)

select
    seen.user_id,
    seen.first_seen_at,
    seen.last_seen_at,
    seen.active_days,
    seen.events,
    first_registration.registered_at,
    first_registration.signup_method,
    latest_details.marketing_opt_in,
    latest_details.name,
    latest_details.email,
    latest_details.address,
    latest_details.city,
    latest_details.postal_code,
    current_country.country_code,
    travelled.countries,
    travelled.country_history
from seen
inner join travelled on seen.user_id = travelled.user_id
inner join current_country on seen.user_id = current_country.user_id
left join first_registration on seen.user_id = first_registration.user_id
left join latest_details on seen.user_id = latest_details.user_id
