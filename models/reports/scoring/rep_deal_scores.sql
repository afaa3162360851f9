-- Grain: one row per CRM and open deal, at as_of: which deserve the next hour, and why.
{% set factors = ['stage', 'age', 'slips', 'inactivity', 'icp', 'amount'] %}

with scores as (
    select * from {{ ref('fct_deal_scores') }}
),

signals as (
    select * from {{ ref('fct_deal_signals') }}
),

origins as (
    select * from {{ ref('dim_scoring_origins') }}
    where is_current
),

accounts as (
    select * from {{ ref('dim_accounts') }}
),

owners as (
    select * from {{ ref('dim_owners') }}
),

stages as (
    select * from {{ ref('dim_stages') }}
),

final as (
    select
        scores.crm_source,
        scores.deal_id,
        origins.as_of_date,
        coalesce(accounts.account_id, 'Unknown') as account_id,
        coalesce(accounts.account_name, 'Unknown') as account_name,
        signals.owner_id,
        coalesce(owners.owner_name_masked, 'Unknown') as owner_name_masked,
        coalesce(stages.stage_name, signals.stage_id, 'Unknown') as stage_name,
        signals.close_date,
        signals.reporting_amount,
        scores.score,
        rank() over (partition by scores.crm_source order by scores.score desc) as score_rank,
        {% for factor in factors -%}
        scores.{{ factor }}_points,
        scores.{{ factor }}_band,
        {% endfor -%}
        signals.days_in_stage,
        signals.stage_p50_days,
        signals.slips_count,
        signals.inactive_days,
        signals.icp_score
    from scores
    inner join origins on scores.origin = origins.origin
    inner join signals
        on
            scores.origin = signals.origin
            and scores.crm_source = signals.crm_source
            and scores.deal_id = signals.deal_id
    left join accounts
        on
            signals.crm_source = accounts.crm_source
            and signals.account_id = accounts.account_id
    left join owners
        on
            signals.crm_source = owners.crm_source
            and signals.owner_id = owners.owner_id
    left join stages
        on
            signals.crm_source = stages.crm_source
            and signals.stage_id = stages.stage_id
)

select * from final
