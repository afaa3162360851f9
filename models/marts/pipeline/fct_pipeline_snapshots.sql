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

-- A state is in force at the end of every month from the one that it began in until the one that it ended in. Unfolded, not
-- compared with every month: most states see the end of none.
month_ends as (
    select
        states.*,
        (month_start + interval '1 month')::date - 1 as snapshot_date
    from states
    cross join as_of
    cross join
        lateral generate_series(
            {{ cut_month('states.valid_from') }},
            least({{ cut_month('states.valid_to') }}, as_of.forecast_origin) - interval '1 month',
            interval '1 month'
        ) as month_start
    where
        states.status = 'open'
        and {{ cut_month('states.valid_from') }} < least({{ cut_month('states.valid_to') }}, as_of.forecast_origin)
),

final as (
    select
        snapshot_date,
        deal_key,
        crm_source,
        deal_id,
        stage_id,
        coalesce(owner_id, 'Unknown') as owner_id,
        amount,
        currency,
        probability,
        close_date,
        {{ cut_fiscal_quarter('close_date') }} as close_quarter,
        close_date < snapshot_date as is_overdue,
        snapshot_date - {{ cut_day('first_seen_at') }} as age_days,
        {{ cut_day('first_seen_at') }} as rate_date,
        _loaded_at
    from month_ends
)

select * from final
