-- Every visit of a CRM is in the transitions once, every completed one in each grain of velocity once, and the survival report
-- knows all that began up to as_of_date.
with as_of as (
    select * from {{ ref('dim_as_of') }}
),

counts as (
    select
        visits.crm_source,
        count(*) as visits,
        count(visits.exited_at) as completed,
        count(*) filter (where visits.entered_at < as_of.as_of_at) as begun
    from {{ ref('fct_deal_stage_history') }} as visits
    cross join as_of
    group by visits.crm_source
),

reported as (
    select
        crm_source,
        'transitions' as report,
        sum(visits_count) as reported_count
    from {{ ref('rep_stage_transitions_monthly') }}
    group by crm_source
    union all
    select
        crm_source,
        'accounting' as report,
        sum(entered_count) as reported_count
    from {{ ref('rep_funnel_step_accounting') }}
    group by crm_source
    union all
    select
        crm_source,
        'survival' as report,
        sum(visits_count) as reported_count
    from {{ ref('rep_stage_survival') }}
    group by crm_source
    union all
    select
        crm_source,
        'velocity by ' || period_type || ' and ' || dimension as report,
        sum(completed_visits_count) as reported_count
    from {{ ref('rep_stage_velocity') }}
    group by crm_source, period_type, dimension
),

expected as (
    select
        counts.crm_source,
        reports.report,
        reports.expected_count
    from counts
    cross join lateral (
        values
        ('transitions', counts.visits),
        ('accounting', counts.visits),
        ('survival', counts.begun),
        ('velocity by month and all', counts.completed),
        ('velocity by quarter and all', counts.completed),
        ('velocity by quarter and segment', counts.completed),
        ('velocity by quarter and owner', counts.completed)
    ) as reports (report, expected_count)
)

select
    expected.*,
    reported.reported_count
from expected
left join reported
    on
        expected.crm_source = reported.crm_source
        and expected.report = reported.report
where reported.reported_count is distinct from expected.expected_count
