-- Grain: one row per deal and uninterrupted ownership.
with owner_changes as (
    select * from {{ ref('int_deal_events') }}
    where
        field = 'owner'
        and value is not null
),

compared as (
    select
        *,
        lag(value) over (partition by deal_key order by {{ log_order() }}) as previous_owner_id
    from owner_changes
),

boundaries as (
    select *
    from compared
    where value is distinct from previous_owner_id
),

final as (
    select
        deal_key,
        crm_source,
        deal_id,
        value as owner_id,
        occurred_at as valid_from,
        lead(occurred_at) over deal_owners as valid_to,
        row_number() over deal_owners as owner_number,
        greatest(_loaded_at, lead(_loaded_at) over deal_owners) as _loaded_at
    from boundaries
    window deal_owners as (partition by deal_key order by {{ log_order() }})
)

select * from final
