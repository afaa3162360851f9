-- Every visit is in the transitions once, every completed one in velocity once, and the survival report knows all
-- that began up to as_of_date.
with visits as (
    select * from {{ ref('fct_deal_stage_history') }}
),

as_of as (
    select * from {{ ref('dim_as_of') }}
),

counts as (
    select
        count(*) as visits,
        count(visits.exited_at) as completed,
        count(*) filter (where visits.entered_at < as_of.as_of_at) as begun
    from visits
    cross join as_of
),

reported as (
    select
        (select coalesce(sum(visits_count), 0) from {{ ref('rep_stage_transitions_monthly') }}) as transitions_visits,
        (select coalesce(sum(entered_count), 0) from {{ ref('rep_funnel_step_accounting') }}) as accounting_visits,
        (select coalesce(sum(completed_visits_count), 0) from {{ ref('rep_stage_velocity_monthly') }}) as velocity_completed,
        (select coalesce(sum(visits_count), 0) from {{ ref('rep_stage_survival') }}) as survival_visits
)

select
    counts.*,
    reported.*
from counts
cross join reported
where
    reported.transitions_visits != counts.visits
    or reported.accounting_visits != counts.visits
    or reported.velocity_completed != counts.completed
    or reported.survival_visits != counts.begun
