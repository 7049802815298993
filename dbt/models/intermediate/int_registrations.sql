{{ config(**incremental_by_date('registration_date')) }}

select
    event_date as registration_date,
    event_id,
    event_at as registered_at,
    user_id,
    name,
    email,
    address,
    city,
    postal_code,
    signup_method,
    marketing_opt_in
from {{ ref('stg_user_registered') }}
where {{ lake_days_to_read() }}
