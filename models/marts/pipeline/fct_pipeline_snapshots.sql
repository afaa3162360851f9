-- Grain: one row per month end and deal open at the end of that day; the as-of month only once it is over.
-- Incremental: watermark = newest _loaded_at held; key = deal_key. All snapshots of a changed deal are
-- rebuilt, so that a late change corrects the past; a month that has ended since the last run rebuilds all.
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_deals',
        meta={'distribute_by': 'deal_key'},
        pre_hook="{{ collect_changed_deals(rebuild_when=
            '(select max(snapshot_date) from ' ~ this ~ ') is distinct from (select forecast_origin - 1 from ' ~ ref('dim_as_of') ~ ')'
        ) }}",
        indexes=[{'columns': ['_loaded_at']}, {'columns': ['snapshot_date']}],
    )
}}

with states as (
    select * from {{ ref('int_deal_states') }}
    {{ only_changed_deals() }}
),

as_of as (
    select * from {{ ref('dim_as_of') }}
),

month_ends as (
    select (month_start + interval '1 month')::date - 1 as snapshot_date
    from as_of
    cross join
        generate_series(
            (select date_trunc('month', {{ cut_day('min(valid_from)') }}) from {{ ref('int_deal_states') }}),
            forecast_origin - interval '1 month',
            interval '1 month'
        ) as month_start
),

final as (
    select
        month_ends.snapshot_date,
        states.deal_key,
        states.crm_source,
        states.deal_id,
        states.stage_id,
        coalesce(states.owner_id, 'Unknown') as owner_id,
        states.amount,
        states.currency,
        states.probability,
        states.close_date,
        {{ cut_fiscal_quarter('states.close_date') }} as close_quarter,
        states.close_date < month_ends.snapshot_date as is_overdue,
        month_ends.snapshot_date - {{ cut_day('states.first_seen_at') }} as age_days,
        {{ cut_day('states.first_seen_at') }} as rate_date,
        states._loaded_at
    from month_ends
    inner join states on {{ in_force_on('states', 'month_ends.snapshot_date') }}
    where states.status = 'open'
)

select * from final
