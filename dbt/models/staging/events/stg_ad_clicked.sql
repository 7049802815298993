{#- Generated from event_contract by `make generate`: change the contract, not this file. -#}
with source as (

    select *, lower(event_id) as claimed_id, {{ payload_hash('event') }} as payload
    from {{ source('lake', 'ad_clicked') }} as event

),

renamed as (

    select
        {{ event_envelope() }},
        campaign_id,
        ad_id,
        channel,
        landing_path
    from source
    where event_id is not null and {{ in_snapshot('_ingest.publish_time') }}
    qualify {{ is_first_copy() }}

)

select * from renamed
