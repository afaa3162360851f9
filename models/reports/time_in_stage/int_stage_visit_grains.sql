-- Grain: one row per deal, stage visit, period type and dimension that rep_stage_velocity counts it in. Percentiles cannot be
-- added up, so each grain is counted apart: months of all deals, fiscal quarters of all deals, of each account segment and of each owner.
with visits as (
    select * from {{ ref('fct_deal_stage_history') }}
),

deals as (
    select * from {{ ref('fct_deals') }}
),

described as (
    select
        visits.*,
        {{ cut_fiscal_quarter(cut_day('visits.entered_at')) }} as entered_quarter,
        coalesce(deals.segment, 'Unknown') as segment,
        deals.reporting_amount
    from visits
    left join deals on visits.deal_key = deals.deal_key
),

final as (
    select
        described.deal_key,
        described.crm_source,
        described.visit_number,
        described.stage_id,
        grains.period_type,
        grains.period_length,
        grains.dimension,
        grains.member,
        described.entered_at,
        described.exited_at,
        grains.entered_period,
        grains.exited_period,
        described.days_in_stage,
        described.reporting_amount
    from described
    cross join lateral (
        values
        ('month', interval '1 month', 'all', 'All', described.entered_month, described.exited_month),
        ('quarter', interval '3 months', 'all', 'All', described.entered_quarter, described.exited_quarter),
        ('quarter', interval '3 months', 'segment', described.segment, described.entered_quarter, described.exited_quarter),
        ('quarter', interval '3 months', 'owner', described.owner_id, described.entered_quarter, described.exited_quarter)
    ) as grains (period_type, period_length, dimension, member, entered_period, exited_period)
)

select * from final
