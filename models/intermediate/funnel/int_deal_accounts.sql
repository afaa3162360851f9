-- Grain: one row per deal that its CRM holds now: the account it is with. Apart from int_deal_attributes, for of Pipedrive's list of
-- deals nothing else enters a figure.
with attributes as (
    select * from {{ ref('int_deal_attributes') }}
),

pipedrive as (
    select * from {{ ref('stg_pipedrive__deals') }}
    where not is_deleted
),

final as (
    select
        deal_key,
        account_id,
        _loaded_at
    from attributes
    union all
    select
        deal_key,
        organization_id as account_id,
        _loaded_at
    from pipedrive
)

select * from final
