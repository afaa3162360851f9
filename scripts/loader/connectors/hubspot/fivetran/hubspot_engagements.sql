-- mode: full, optional. The first sync brings every row, and Fivetran removes none: it marks what is deleted.
-- needs engagement_deal: deal_id, engagement_id
-- takes engagement_call: engagement_id, property_hs_timestamp, property_hubspot_owner_id, property_hs_call_status
-- takes engagement_call: _fivetran_deleted
-- takes engagement_meeting: engagement_id, property_hs_timestamp, property_hubspot_owner_id, property_hs_meeting_outcome
-- takes engagement_meeting: _fivetran_deleted
-- lacks: nothing
with engagements as (
    select
        engagement_id,
        'CALL' as type,
        property_hubspot_owner_id as hubspot_owner_id,
        property_hs_timestamp as timestamp,
        property_hs_call_status as outcome,
        _fivetran_deleted
    from engagement_call
    union all
    select
        engagement_id,
        'MEETING' as type,
        property_hubspot_owner_id as hubspot_owner_id,
        property_hs_timestamp as timestamp,
        property_hs_meeting_outcome as outcome,
        _fivetran_deleted
    from engagement_meeting
)

select distinct
    engagements.engagement_id,
    engagement_deal.deal_id,
    engagements.type,
    engagements.hubspot_owner_id,
    engagements.timestamp,
    engagements.outcome,
    coalesce(engagements._fivetran_deleted = 'true', false) as _is_deleted
from engagements
inner join engagement_deal
    on engagements.engagement_id = engagement_deal.engagement_id
