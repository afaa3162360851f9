-- Grain: one row per month of entry, CRM, pipeline and open stage, dense between the bounds of the CRM's own data.
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
    where not is_closed
),

coverage as (
    select * from {{ ref('dim_export_coverage') }}
),

months as (
    select
        crm_source,
        generate_series(min(month), max(month), interval '1 month')::date as month
    from transitions
    group by crm_source
),

cells as (
    select
        crm_source,
        pipeline_id,
        stage_id,
        month,
        sum(visits_count) as entered_count,
        {% for column, moves in ends.items() -%}
        sum(visits_count) filter (where moved in ({{ moves }})) as {{ column }}_count,
        {% endfor -%}
        sum(reopened_visits_count) as reopened_count
    from transitions
    group by crm_source, pipeline_id, stage_id, month
),

final as (
    select
        stages.crm_source,
        stages.pipeline_id,
        months.month,
        stages.stage_id,
        stages.stage_name,
        stages.stage_rank,
        stages.funnel_step,
        coalesce(cells.entered_count, 0)::bigint as entered_count,
        {% for column in ends if column not in ('lost', 'won') -%}
        coalesce(cells.{{ column }}_count, 0)::bigint as {{ column }}_count,
        {% endfor -%}
        case when coverage.knows_losses then coalesce(cells.lost_count, 0) end::bigint as lost_count,
        case when coverage.knows_wins then coalesce(cells.won_count, 0) end::bigint as won_count,
        coalesce(cells.reopened_count, 0)::bigint as reopened_count
    from stages
    inner join months on stages.crm_source = months.crm_source
    left join coverage on stages.crm_source = coverage.crm_source
    left join cells
        on
            stages.crm_source = cells.crm_source
            and stages.pipeline_id = cells.pipeline_id
            and stages.stage_id = cells.stage_id
            and months.month = cells.month
)

select * from final
