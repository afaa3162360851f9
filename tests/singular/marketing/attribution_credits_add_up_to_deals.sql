-- Every model credits every deal exactly once: credits sum to 1, and their values to its amount and revenue.
with deals as (
    select
        models.model,
        facts.deal_key,
        facts.deal_id,
        facts.reporting_amount,
        facts.revenue
    from {{ ref('fct_deal_channels') }} as facts
    cross join (values ('first'), ('last'), ('linear')) as models (model)
),

credited as (
    select
        model,
        deal_key,
        sum(credit) as credit,
        min(credit) as smallest_credit,
        sum(amount_credit) as amount_credit,
        sum(revenue_credit) as revenue_credit
    from {{ ref('fct_attribution_touches') }}
    group by model, deal_key
)

select
    deals.model,
    deals.deal_id,
    credited.credit
from deals
full outer join credited
    on
        deals.model = credited.model
        and deals.deal_key = credited.deal_key
where
    credited.credit is distinct from 1
    or credited.smallest_credit < 0
    or credited.amount_credit is distinct from deals.reporting_amount
    or credited.revenue_credit is distinct from deals.revenue
    or deals.deal_key is null
