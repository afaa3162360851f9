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
        case grains.dimension when 'segment' then described.segment when 'owner' then described.owner_id else 'All' end as member,
        described.entered_at,
        described.exited_at,
        case grains.period_type when 'month' then described.entered_month else described.entered_quarter end as entered_period,
        case grains.period_type when 'month' then described.exited_month else described.exited_quarter end as exited_period,
        described.days_in_stage,
        described.reporting_amount
    from described
    cross join (
        values
        ('month', interval '1 month', 'all'),
        ('quarter', interval '3 months', 'all'),
        ('quarter', interval '3 months', 'segment'),
        ('quarter', interval '3 months', 'owner')
    ) as grains (period_type, period_length, dimension)
)

select * from final
