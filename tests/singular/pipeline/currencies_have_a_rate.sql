-- Every source of money, amount by amount: what has no rate to the reporting currency is unknown, and missing in sums.
-- An amount that names no currency is in the reporting currency. One row per source and currency.
{{ config(severity='warn', fail_calc='coalesce(sum(failing_rows), 0)') }}
with rates as (
    select * from {{ ref('dim_exchange_rates') }}
),

amounts as (
    select
        crm_source || ' deals' as source_name,
        currency,
        rate_date
    from {{ ref('dim_deals') }}
    where amount is not null
    union all
    select
        'ad spend' as source_name,
        currency,
        day as rate_date
    from {{ ref('int_ad_spend_daily') }}
    where spend is not null
    union all
    select
        'sales quotas' as source_name,
        currency,
        quarter as rate_date
    from {{ ref('stg_settings__sales_quotas') }}
    where quota is not null
),

counted as (
    select
        amounts.source_name,
        coalesce(amounts.currency, '{{ var("reporting_currency") }}') as currency,
        count(*) filter (where rates.rate is null) as failing_rows,
        sum(count(*)) over () as tested_rows
    from amounts
    {{ join_rate('amounts', 'amounts.rate_date') }}
    group by amounts.source_name, coalesce(amounts.currency, '{{ var("reporting_currency") }}')
)

select * from counted
where failing_rows > 0
