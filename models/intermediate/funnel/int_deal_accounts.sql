-- Grain: one row per deal that its CRM holds now, with its account. It is not part of int_deal_attributes, because the account is the
-- only column of Pipedrive's list of deals that any figure uses.
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
