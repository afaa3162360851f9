-- Grain: one row per person and campaign, at the first response. A lead and the contact it became are one person, so
-- that two memberships of theirs in one campaign are one touch. Members that did not respond were not touched.
with members as (
    select * from {{ ref('stg_marketing__campaign_members') }}
    where
        has_responded
        and not is_deleted
),

leads as (
    select * from {{ ref('stg_marketing__leads') }}
    where not is_deleted
),

identified as (
    select
        coalesce(members.contact_id, leads.converted_contact_id, members.lead_id) as person_id,
        members.campaign_id,
        -- The response is known by its day only, and cannot be earlier than the membership.
        greatest(members.created_at, members.first_responded_at) as touched_at
    from members
    left join leads on members.lead_id = leads.lead_id
),

final as (
    select
        person_id,
        campaign_id,
        min(touched_at) as touched_at
    from identified
    where person_id is not null
    group by person_id, campaign_id
)

select * from final
