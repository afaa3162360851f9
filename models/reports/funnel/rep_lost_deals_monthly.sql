-- Grain: one row per month, pipeline, lost reason, stage at loss and owner at loss with at least one loss.
-- Counts add up over every column.
with losses as (
    select * from {{ ref('fct_deal_outcomes') }}
    where outcome = 'lost'
),

lost_reasons as (
    select * from {{ ref('dim_lost_reasons') }}
),

decoded as (
    select
        losses.*,
        coalesce(lost_reasons.lost_reason_id, case when losses.lost_reason_id like 'text:%' then 'other' else 'unknown' end) as known_reason_id,
        coalesce(lost_reasons.lost_reason, case when losses.lost_reason_id like 'text:%' then 'Other' else 'Unknown' end) as lost_reason
    from losses
    left join lost_reasons on losses.lost_reason_id = lost_reasons.lost_reason_id
),

final as (
    select
        occurred_month as month,
        pipeline_id,
        known_reason_id as lost_reason_id,
        lost_reason,
        -- 0 is a deal that was lost before it entered any stage.
        coalesce(stage_id, 0) as stage_id,
        owner_id,
        count(*) filter (where occurrence_number = 1) as deals_count,
        count(*) as losses_count,
        count(*) filter (where is_id_collision) as id_collision_losses_count
    from decoded
    group by occurred_month, pipeline_id, known_reason_id, lost_reason, stage_id, owner_id
)

select * from final
