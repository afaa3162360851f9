-- Wins and losses of a CRM and month are the same in the outcomes, the funnel events, the loss report and the salespeople's report;
-- and so are the first ones of a deal, where a report has them.
with steps as (
    select * from {{ ref('dim_funnel_steps') }}
    where event_type = 'outcome'
),

outcomes as (
    select
        outcomes.crm_source,
        outcomes.occurred_month as month,
        outcomes.outcome,
        count(*) as outcomes_count,
        count(*) filter (where outcomes.occurrence_number = 1) as deals_count,
        -- A steps file may list a pipeline without its outcomes.
        count(steps.funnel_step) as steps_count,
        count(steps.funnel_step) filter (where outcomes.occurrence_number = 1) as step_deals_count
    from {{ ref('fct_deal_outcomes') }} as outcomes
    left join steps
        on
            outcomes.crm_source = steps.crm_source
            and outcomes.pipeline_id = steps.pipeline_id
            and outcomes.outcome = steps.source_value
    where outcomes.outcome in ('won', 'lost')
    group by outcomes.crm_source, outcomes.occurred_month, outcomes.outcome
),

expected as (
    select
        outcomes.crm_source,
        outcomes.month,
        reports.report,
        outcomes.outcome,
        reports.outcomes_count,
        reports.deals_count
    from outcomes
    cross join lateral (
        values
        ('funnel events', outcomes.steps_count, outcomes.step_deals_count),
        ('lost deals', case when outcomes.outcome = 'lost' then outcomes.outcomes_count else 0 end, outcomes.deals_count),
        ('salespeople', outcomes.outcomes_count, null)
    ) as reports (report, outcomes_count, deals_count)
),

asked as (
    select * from expected
    where outcomes_count > 0
),

reported as (
    select
        events.crm_source,
        events.occurred_month as month,
        'funnel events' as report,
        steps.source_value as outcome,
        count(*) as outcomes_count,
        count(*) filter (where events.is_first_entry) as deals_count
    from {{ ref('fct_funnel_events') }} as events
    inner join steps
        on
            events.crm_source = steps.crm_source
            and events.pipeline_id = steps.pipeline_id
            and events.funnel_step = steps.funnel_step
    group by events.crm_source, events.occurred_month, steps.source_value
    union all
    select
        crm_source,
        month,
        'lost deals' as report,
        'lost' as outcome,
        sum(losses_count) as outcomes_count,
        sum(deals_count) as deals_count
    from {{ ref('rep_lost_deals_monthly') }}
    group by crm_source, month
    union all
    select
        salespeople.crm_source,
        salespeople.month,
        'salespeople' as report,
        outcomes.outcome,
        sum(outcomes.outcomes_count) as outcomes_count,
        null as deals_count
    from {{ ref('rep_sales_rep_performance_monthly') }} as salespeople
    cross join lateral (values ('won', salespeople.wins), ('lost', salespeople.losses)) as outcomes (outcome, outcomes_count)
    group by salespeople.crm_source, salespeople.month, outcomes.outcome
    having sum(outcomes.outcomes_count) > 0
)

select
    coalesce(asked.crm_source, reported.crm_source) as crm_source,
    coalesce(asked.month, reported.month) as month,
    coalesce(asked.report, reported.report) as report,
    coalesce(asked.outcome, reported.outcome) as outcome,
    asked.outcomes_count,
    reported.outcomes_count as reported_count
from asked
full outer join reported
    on
        asked.crm_source = reported.crm_source
        and asked.month = reported.month
        and asked.report = reported.report
        and asked.outcome = reported.outcome
where
    asked.outcomes_count is distinct from reported.outcomes_count
    or asked.deals_count is distinct from reported.deals_count
