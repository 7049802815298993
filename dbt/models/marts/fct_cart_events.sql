{{ config(**incremental_by_date('event_date', cluster_by=['cart_id'])) }}

with changes as (

    select
        *,
        case when event_type = 'product_added' then quantity else -quantity end as quantity_change
    from {{ ref('int_events') }}
    where {{ days_to_read('event_date') }} and event_type in ('product_added', 'product_removed')

)

select
    event_id,
    event_date,
    event_at,
    cart_id,
    case when event_type = 'product_added' then 'added' else 'removed' end as action,
    product_id,
    quantity_change,
    unit_price,
    {{ money('quantity_change * unit_price') }} as value_change,
    currency,
    user_id,
    anonymous_id,
    session_id,
    device,
    country_code
from changes
