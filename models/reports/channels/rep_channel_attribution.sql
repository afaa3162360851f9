-- Grain: one row per month of creation, channel and model, dense; 'Unattributed' is a channel here.
with touches as (
    select * from {{ ref('fct_attribution_touches') }}
    where created_date is not null
),

sums as (
    select
        date_trunc('month', created_date)::date as month,
        channel,
        model,
        sum(credit) as opportunities_credit,
        -- A touch that is credited with nothing leaves nothing unknown.
        {{ sum_known('amount_credit', 'credit > 0') }} as amount_credit,
        coalesce(sum(credit) filter (where status = 'won'), 0) as won_credit,
        {{ sum_known('revenue_credit', "status = 'won' and credit > 0") }} as revenue_credit,
        coalesce(sum(credit) filter (where amount_credit is null), 0) as missing_amount_credit
    from touches
    group by date_trunc('month', created_date), channel, model
),

months as (
    select generate_series(min(month), max(month), interval '1 month')::date as month
    from sums
),

channels as (
    select distinct channel
    from sums
),

grid as (
    select
        months.month,
        channels.channel,
        models.model
    from months
    cross join channels
    cross join (values ('first'), ('last'), ('linear')) as models (model)
),

final as (
    select
        grid.month,
        grid.channel,
        grid.model,
        {%- for measure in ['opportunities_credit', 'amount_credit', 'won_credit', 'revenue_credit', 'missing_amount_credit'] %}
        case when sums.month is null then 0 else sums.{{ measure }} end as {{ measure }},
        {%- endfor %}
        '{{ var("reporting_currency") }}' as currency
    from grid
    left join sums
        on
            grid.month = sums.month
            and grid.channel = sums.channel
            and grid.model = sums.model
)

select * from final
