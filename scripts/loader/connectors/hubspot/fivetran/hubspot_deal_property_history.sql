-- mode: delta. A log only grows.
-- takes deal_property_history: deal_id, name, value, timestamp, source
-- takes deal_stage: deal_id, value, date_entered, source
-- lacks: the order of values that were set in one instant
--
-- Of a deal whose stages the history of properties lacks, those of deal_stage.
with logged as (
    select distinct deal_id
    from deal_property_history
    where name = 'dealstage'
),

changes as (
    select
        deal_id,
        name as property,
        value,
        timestamp,
        source as source_type
    from deal_property_history
    union all
    select
        deal_stage.deal_id,
        'dealstage' as property,
        deal_stage.value,
        deal_stage.date_entered as timestamp,
        deal_stage.source as source_type
    from deal_stage
    left join logged
        on deal_stage.deal_id = logged.deal_id
    where logged.deal_id is null
)

select
    deal_id,
    property,
    value,
    timestamp,
    source_type
from changes
order by length(deal_id), deal_id, property, timestamp, value
