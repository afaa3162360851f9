-- A deal enters a stage when it moves there, and when it is opened again in it.
select
    moves.deal_id,
    steps.funnel_step,
    moves.changed_at as occurred_at
from {{ ref('int_deal_moves') }} as moves
inner join {{ ref('funnel_steps') }} as steps
    on steps.event_type = 'stage' and moves.stage_id = steps.source_value
where moves.is_entry and not (moves.is_after_entry and moves.stage_id = moves.previous_stage_id)
