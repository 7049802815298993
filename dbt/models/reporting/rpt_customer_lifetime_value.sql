with orders as (

    select
        *,
        -- An order id may stand on two days (a client that sent it again after midnight): its refunds belong to the first.
        row_number() over (partition by order_id, currency order by ordered_at, event_id) as occurrence
    from {{ ref('fct_orders') }}
    where order_date >= date '1970-01-01'

),

signed_in as (

    select * from orders
    where user_id is not null

),

-- Refunds of an order belong to whoever ordered, whoever sent the refund event.
refunds as (

    select
        refunds.order_id,
        refunds.currency,
        sum(refunds.refund_amount) as refunded
    from {{ ref('fct_refunds') }} as refunds
    where refunds.refund_date >= date '1970-01-01'
    group by refunds.order_id, refunds.currency

),

-- The last order of all: recency is counted from the data, not from the clock, so that a rebuild gives the same answer.
as_of as (

    select max(order_date) as as_of_date from {{ ref('fct_orders') }}
    where order_date >= date '1970-01-01'

),

customers as (

    select
        signed_in.user_id,
        signed_in.currency,
        min(signed_in.order_date) as first_order_date,
        max(signed_in.order_date) as last_order_date,
        count(*) as orders,
        sum(signed_in.gross_revenue - signed_in.discount) as sold,
        sum(coalesce(refunds.refunded, 0)) as refunded
    from signed_in
    left join refunds
        on signed_in.order_id = refunds.order_id
        and signed_in.currency = refunds.currency
        and signed_in.occurrence = 1
    group by signed_in.user_id, signed_in.currency

),

ranked as (

    select
        customers.*,
        as_of.as_of_date,
        {{ days_between('customers.last_order_date', 'as_of.as_of_date') }} as recency_days,
        count(*) over (partition by customers.currency) as peers,
        rank() over (partition by customers.currency order by customers.last_order_date) as recency_rank,
        rank() over (partition by customers.currency order by customers.orders) as frequency_rank,
        rank() over (partition by customers.currency order by customers.sold - customers.refunded) as monetary_rank
    from customers
    cross join as_of

),

-- Fifths of the customers of a currency, 5 the best; equals share the lower fifth.
scored as (

    select
        *,
        1 + {{ whole_division('5 * (recency_rank - 1)', 'peers') }} as recency_score,
        1 + {{ whole_division('5 * (frequency_rank - 1)', 'peers') }} as frequency_score,
        1 + {{ whole_division('5 * (monetary_rank - 1)', 'peers') }} as monetary_score
    from ranked

)

select
    user_id,
    currency,
    as_of_date,
    first_order_date,
    last_order_date,
    recency_days,
    orders,
    {{ money('sold') }} as revenue,
    {{ money('refunded') }} as refunded,
    {{ money('sold - refunded') }} as lifetime_value,
    {{ ratio('sold', 'orders', 2) }} as average_order_value,
    recency_score,
    frequency_score,
    monetary_score,
    case
        when recency_score >= 4 and frequency_score >= 4 and monetary_score >= 4 then 'champion'
        when orders = 1 and recency_score >= 4 then 'new'
        when frequency_score >= 4 then 'loyal'
        when recency_score <= 2 and monetary_score >= 4 then 'at_risk'
        when recency_score <= 2 then 'lapsed'
        else 'regular'
    end as segment
from scored
