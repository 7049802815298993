{{ config(**incremental_by_date('refund_date', cluster_by=['order_id'])) }}

with refunded as (

    select * from {{ ref('stg_order_refunded') }}
    where {{ lake_days_to_read() }}
    qualify
        row_number() over (
            partition by year, month, day, refund_id
            order by event_at, published_at, event_id
        ) = 1

),

items as (

    select
        refunded.event_date,
        refunded.event_id,
        cast(sum(item.quantity) as int64) as units
    from refunded
    cross join unnest(refunded.items) as item
    group by refunded.event_date, refunded.event_id

)

select
    refunded.refund_id,
    refunded.order_id,
    refunded.event_date as refund_date,
    refunded.event_at as refunded_at,
    refunded.event_id,
    refunded.user_id,
    refunded.country_code,
    refunded.currency,
    refunded.reason,
    coalesce(items.units, 0) as units,
    {{ money('refunded.amount') }} as refund_amount
from refunded
left join items on refunded.event_date = items.event_date and refunded.event_id = items.event_id
