-- Per month of creation, every model credits as many deals, wins and as much value as fct_deals holds.
with deals as (
    select
        date_trunc('month', created_date)::date as month,
        count(*) as opportunities_count,
        count(*) filter (where status = 'won') as won_count,
        count(*) filter (where reporting_amount is null) as missing_amount_count,
        coalesce(sum(reporting_amount), 0) as amount,
        coalesce(sum(reporting_amount) filter (where status = 'won'), 0) as revenue
    from {{ ref('fct_deals') }}
    where
        crm_source = 'salesforce'
        and created_date is not null
    group by date_trunc('month', created_date)
),

credited as (
    select
        month,
        model,
        sum(opportunities_credit) as opportunities_credit,
        sum(won_credit) as won_credit,
        sum(missing_amount_credit) as missing_amount_credit,
        sum(amount_credit) as amount_credit,
        sum(revenue_credit) as revenue_credit
    from {{ ref('rep_channel_attribution') }}
    group by month, model
)

select
    models.model,
    coalesce(deals.month, credited.month) as month
from deals
cross join (values ('first'), ('last'), ('linear')) as models (model)
full outer join credited
    on
        deals.month = credited.month
        and models.model = credited.model
where
    coalesce(credited.opportunities_credit, 0) <> coalesce(deals.opportunities_count, 0)
    or coalesce(credited.won_credit, 0) <> coalesce(deals.won_count, 0)
    or coalesce(credited.missing_amount_credit, 0) <> coalesce(deals.missing_amount_count, 0)
    or coalesce(credited.amount_credit, 0) <> coalesce(deals.amount, 0)
    or coalesce(credited.revenue_credit, 0) <> coalesce(deals.revenue, 0)
