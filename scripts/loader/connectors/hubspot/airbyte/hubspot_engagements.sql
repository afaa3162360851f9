-- mode: delta, optional. A stream has a start date: what lies before it is missing, not deleted.
-- takes engagements_calls: id, deals, properties_hs_timestamp, properties_hubspot_owner_id, properties_hs_call_status
-- takes engagements_calls: archived
-- newest of engagements_calls: id by _airbyte_extracted_at/_airbyte_emitted_at
-- takes engagements_meetings: id, deals, properties_hs_timestamp, properties_hubspot_owner_id
-- takes engagements_meetings: properties_hs_meeting_outcome, archived
-- newest of engagements_meetings: id by _airbyte_extracted_at/_airbyte_emitted_at
-- lacks: rows from before the stream's start date
with engagements as (
    select
        id,
        deals,
        'CALL' as type,
        properties_hubspot_owner_id as hubspot_owner_id,
        properties_hs_timestamp as timestamp,
        properties_hs_call_status as outcome,
        archived
    from engagements_calls
    union all
    select
        id,
        deals,
        'MEETING' as type,
        properties_hubspot_owner_id as hubspot_owner_id,
        properties_hs_timestamp as timestamp,
        properties_hs_meeting_outcome as outcome,
        archived
    from engagements_meetings
)

select distinct
    engagements.id as engagement_id,
    deal.id as deal_id,
    engagements.type,
    engagements.hubspot_owner_id,
    engagements.timestamp,
    engagements.outcome,
    engagements.archived
from engagements
cross join lateral json_array_elements_text(engagements.deals::json) as deal (id)
