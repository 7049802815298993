{#- Generated from event_contract by `make generate`: change the contract, not this file. -#}
with source as (

    select *, lower(event_id) as claimed_id, {{ payload_hash('event') }} as payload
    from {{ source('lake', 'page_viewed') }} as event

),

renamed as (

    select
        {{ event_envelope() }},
        page_path,
        page_type,
        referrer
    from source
    where event_id is not null and {{ in_snapshot('_ingest.publish_time') }}
    qualify {{ is_first_copy() }}

)

select * from renamed
