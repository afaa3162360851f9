-- Every model credits every opportunity exactly once: credits sum to 1, and their values to its amount and revenue.
with opportunities as (
    select
        models.model,
        facts.opportunity_id,
        facts.reporting_amount,
        facts.revenue
    from {{ ref('fct_opportunity_channels') }} as facts
    cross join (values ('first'), ('last'), ('linear')) as models (model)
),

credited as (
    select
        model,
        opportunity_id,
        sum(credit) as credit,
        min(credit) as smallest_credit,
        sum(amount_credit) as amount_credit,
        sum(revenue_credit) as revenue_credit
    from {{ ref('fct_attribution_touches') }}
    group by model, opportunity_id
)

select
    opportunities.model,
    opportunities.opportunity_id,
    credited.credit
from opportunities
full outer join credited
    on
        opportunities.model = credited.model
        and opportunities.opportunity_id = credited.opportunity_id
where
    credited.credit is distinct from 1
    or credited.smallest_credit < 0
    or credited.amount_credit is distinct from opportunities.reporting_amount
    or credited.revenue_credit is distinct from opportunities.revenue
    or opportunities.opportunity_id is null
