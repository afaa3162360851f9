-- Grain: one row per CRM and month of creation, dense. Won ÷ all created, beside the share that is still open.
with deals as (
    select * from {{ ref('fct_deals') }}
    where created_date is not null
),

as_of as (
    select * from {{ ref('dim_as_of') }}
),

counts as (
    select
        deals.crm_source,
        date_trunc('month', deals.created_date)::date as month,
        count(*) as created_count,
        count(*) filter (where deals.status = 'won') as won_count,
        count(*) filter (where deals.status = 'lost') as lost_count,
        count(*) filter (where deals.status = 'open') as open_count,
        sum(deals.reporting_amount) as created_amount,
        {{ sum_known('deals.reporting_amount', "deals.status = 'won'") }} as won_amount,
        count(*) filter (where deals.reporting_amount is null) as missing_amount_count
    from deals
    cross join as_of
    where deals.created_date <= as_of.as_of_date
    group by deals.crm_source, date_trunc('month', deals.created_date)
),

grid as (
    select
        bounds.crm_source,
        month_start::date as month
    from (select
        crm_source,
        min(month) as first_month,
        max(month) as last_month
    from counts
    group by crm_source) as bounds
    cross join lateral generate_series(bounds.first_month, bounds.last_month, interval '1 month') as month_start
),

final as (
    select
        grid.crm_source,
        grid.month,
        {% for measure in ['created_count', 'won_count', 'lost_count', 'open_count', 'created_amount', 'won_amount', 'missing_amount_count'] -%}
        case when counts.month is null then 0 else counts.{{ measure }} end as {{ measure }},
        {% endfor -%}
        round(counts.won_count::numeric / nullif(counts.created_count, 0), 6) as won_share,
        round(counts.open_count::numeric / nullif(counts.created_count, 0), 6) as open_share
    from grid
    left join counts
        on
            grid.crm_source = counts.crm_source
            and grid.month = counts.month
)

select * from final
