select
    moves.deal_id,
    steps.funnel_step,
    moves.new_value as outcome,
    moves.changed_at as occurred_at
from {{ ref('int_deal_moves') }} as moves
inner join {{ ref('int_deals') }} as deals
    on moves.deal_id = deals.deal_id and deals.pipeline_id = '1'
inner join {{ ref('funnel_steps') }} as steps
    on steps.event_type = 'outcome' and moves.new_value = steps.source_value
where not moves.is_stage
