-- Grain: one row per CRM and stage. The median days of completed visits against the var bottleneck_days, and of the
-- trailing four quarters against all earlier ones (the norm).
with visits as (
    select * from {{ ref('fct_deal_stage_history') }}
),

stages as (
    select * from {{ ref('dim_stages') }}
),

as_of as (
    select * from {{ ref('dim_as_of') }}
),

{% set is_trailing = "visits.exited_quarter > as_of.current_quarter - interval '12 months'" %}
{% set median = 'percentile_cont(0.5) within group (order by visits.days_in_stage) filter (where visits.exited_at is not null' %}
measured as (
    select
        visits.crm_source,
        visits.stage_id,
        count(visits.exited_at) as visits_count,
        avg(visits.days_in_stage) as mean_days,
        ({{ median }}))::numeric as p50_days,
        (percentile_cont(0.9) within group (order by visits.days_in_stage))::numeric as p90_days,
        count(*) filter (where {{ is_trailing }}) as trailing_visits_count,
        ({{ median }} and {{ is_trailing }}))::numeric as trailing_p50_days,
        ({{ median }} and not ({{ is_trailing }})))::numeric as norm_p50_days,
        count(*) filter (where visits.exited_at is null) as open_count,
        (percentile_cont(0.5) within group (
            order by extract(epoch from {{ end_of_day('as_of.as_of_date') }} - visits.entered_at) / 86400
        ) filter (where visits.exited_at is null))::numeric as open_p50_days
    from visits
    cross join as_of
    where visits.entered_at < {{ end_of_day('as_of.as_of_date') }}
    group by visits.crm_source, visits.stage_id
),

final as (
    select
        measured.crm_source,
        measured.stage_id,
        coalesce(stages.stage_name, measured.stage_id) as stage_name,
        stages.stage_order,
        measured.visits_count,
        round(measured.mean_days, 4) as mean_days,
        round(measured.p50_days, 4) as p50_days,
        round(measured.p90_days, 4) as p90_days,
        measured.open_count,
        round(measured.open_p50_days, 4) as open_p50_days,
        measured.trailing_visits_count,
        round(measured.trailing_p50_days, 4) as trailing_p50_days,
        round(measured.norm_p50_days, 4) as norm_p50_days,
        round(measured.trailing_p50_days / nullif(measured.norm_p50_days, 0), 4) as trailing_to_norm,
        measured.visits_count < {{ var('min_sample') }} as is_small_sample,
        case
            when measured.visits_count < {{ var('min_sample') }} then 'too few visits'
            {% for severity, days in var('bottleneck_days').items() -%}
            when measured.p50_days > {{ days }} then '{{ severity }}'
            {% endfor -%}
            else 'none'
        end as severity
    from measured
    left join stages
        on
            measured.crm_source = stages.crm_source
            and measured.stage_id = stages.stage_id
)

select * from final
