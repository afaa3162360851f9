-- Grain: one row per month of entry, pipeline, stage, owner at entry, move and next stage that occurs.
-- Counts and days add up over every column.
with visits as (
    select * from {{ ref('fct_deal_stage_history') }}
),

final as (
    select
        entered_month as month,
        pipeline_id,
        stage_id,
        owner_id,
        moved,
        coalesce(next_stage_id, 0) as next_stage_id,
        count(*) as visits_count,
        count(*) filter (where entered_by = 'reopened') as reopened_visits_count,
        sum(days_in_stage)::numeric(20, 6) as days_in_stage
    from visits
    group by entered_month, pipeline_id, stage_id, owner_id, moved, next_stage_id
)

select * from final
