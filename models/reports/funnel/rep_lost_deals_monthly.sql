-- Grain: one row per month, CRM, pipeline, lost reason, stage at loss and owner at loss with at least one loss.
-- Counts add up over every column but the CRM.
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
        coalesce(lost_reasons.lost_reason, case when losses.lost_reason_id like 'text:%' then 'Other' else 'Unknown' end) as lost_reason,
        -- A deal may be lost before it entered any stage.
        coalesce(losses.stage_id, 'None') as stage_at_loss
    from losses
    left join lost_reasons
        on
            losses.crm_source = lost_reasons.crm_source
            and losses.lost_reason_id = lost_reasons.lost_reason_id
),

final as (
    select
        crm_source,
        pipeline_id,
        occurred_month as month,
        known_reason_id as lost_reason_id,
        lost_reason,
        stage_at_loss as stage_id,
        owner_id,
        count(*) filter (where occurrence_number = 1) as deals_count,
        count(*) as losses_count,
        count(*) filter (where is_id_collision) as id_collision_losses_count
    from decoded
    group by crm_source, pipeline_id, occurred_month, known_reason_id, lost_reason, stage_at_loss, owner_id
)

select * from final
