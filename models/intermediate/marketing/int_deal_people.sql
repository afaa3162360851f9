-- Grain: one row per Salesforce deal and person: its contact roles, and the leads that were converted into it.
with contact_roles as (
    select * from {{ ref('stg_marketing__contact_roles') }}
    where not is_deleted
),

leads as (
    select * from {{ ref('stg_marketing__leads') }}
    where
        converted_opportunity_id is not null
        and not is_deleted
),

final as (
    select
        deal_id,
        contact_id as person_id
    from contact_roles
    union distinct
    select
        converted_opportunity_id as deal_id,
        coalesce(converted_contact_id, lead_id) as person_id
    from leads
)

select * from final
