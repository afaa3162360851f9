-- Grain: one row per month of entry, pipeline and stage, dense between the data's own bounds.
-- entered = advanced + moved back + transferred + lost + won + deleted + still there.
{% set ends = {
    'advanced': "'forward', 'skipped'",
    'moved_back': "'backward'",
    'transferred': "'transferred'",
    'lost': "'lost'",
    'won': "'won'",
    'deleted': "'deleted'",
    'still_there': "'open'",
} %}

with transitions as (
    select * from {{ ref('rep_stage_transitions_monthly') }}
),

stages as (
    select * from {{ ref('dim_stages') }}
),

months as (
    select generate_series(min(month), max(month), interval '1 month')::date as month
    from transitions
),

cells as (
    select
        month,
        stage_id,
        sum(visits_count) as entered_count,
        {% for column, moves in ends.items() -%}
        sum(visits_count) filter (where moved in ({{ moves }})) as {{ column }}_count,
        {% endfor -%}
        sum(reopened_visits_count) as reopened_count
    from transitions
    group by month, stage_id
),

final as (
    select
        months.month,
        stages.pipeline_id,
        stages.stage_id,
        stages.stage_name,
        stages.stage_rank,
        stages.funnel_step,
        coalesce(cells.entered_count, 0)::bigint as entered_count,
        {% for column in ends -%}
        coalesce(cells.{{ column }}_count, 0)::bigint as {{ column }}_count,
        {% endfor -%}
        coalesce(cells.reopened_count, 0)::bigint as reopened_count
    from months
    cross join stages
    left join cells
        on
            months.month = cells.month
            and stages.stage_id = cells.stage_id
)

select * from final
