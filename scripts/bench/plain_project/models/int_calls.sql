select
    activities.deal_id,
    steps.funnel_step,
    activities.due_at as occurred_at
from {{ ref('stg_activities') }} as activities
inner join {{ ref('funnel_steps') }} as steps
    on steps.event_type = 'activity' and activities.activity_type = steps.source_value
left join {{ ref('int_deals') }} as deals
    on activities.deal_id = deals.deal_id
where activities.is_done and coalesce(deals.pipeline_id, '1') = '1'
