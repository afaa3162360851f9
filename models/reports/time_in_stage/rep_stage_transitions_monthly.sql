-- Grain: one row per month of entry, CRM, pipeline, stage, owner at entry, move and next stage that occurs.
-- Counts and days add up over every column but the CRM.
with visits as (
    select * from {{ ref('fct_deal_stage_history') }}
),

final as (
    select
        crm_source,
        pipeline_id,
        entered_month as month,
        stage_id,
        owner_id,
        moved,
        coalesce(next_stage_id, 'None') as next_stage_id,
        count(*) as visits_count,
        count(*) filter (where entered_by = 'reopened') as reopened_visits_count,
        sum(days_in_stage)::numeric(20, 6) as days_in_stage
    from visits
    group by crm_source, pipeline_id, entered_month, stage_id, owner_id, moved, next_stage_id
)

select * from final
