-- Grain: one row, the date on which ages, horizons and alerts are calculated, for every CRM and report. SALES_FUNNEL_AS_OF_DATE
-- in the environment, else the var as_of_date, else the newest logged change or completed call of any CRM that is not after
-- the newest load; without a CRM, the newest day of spend or web sessions. Never the wall clock.
-- Incremental only so that it is updated in place.
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_all',
        meta={'distribute_by': 'everywhere'},
    )
}}

{# A new date every night: dbt parses this file again for another variable of the environment, and every file for another var. #}
{% set as_of_date = env_var('SALES_FUNNEL_AS_OF_DATE', '') or var('as_of_date') %}

with horizon as (
    select * from {{ ref('stg_loads__horizon') }}
),

-- Not materialized: it is read twice, and every column of every deal would be put by for that.
deals as not materialized (
    select * from {{ ref('dim_deals') }}
),

activities as (
    select * from {{ ref('fct_activities') }}
),

-- Of a deal whose newest event is said to come after the load, the newest one before it.
early_events as (
    select max(occurred_at) as occurred_at
    from {{ ref('int_deal_events') }}
    where
        deal_key = any(array(
            select deals.deal_key
            from deals
            where
                deals.last_changed_at > (select horizon.loaded_until from horizon)
                -- Of a range with two ends the planner expects few rows, and takes the index.
                and deals.last_changed_at <= 'infinity'
        ))
        and occurred_at <= (select horizon.loaded_until from horizon)
),

crm_events as (
    select max(last_changed_at) as occurred_at
    from deals
    where last_changed_at <= (select horizon.loaded_until from horizon)
    union all
    select occurred_at
    from early_events
    union all
    select max(completed_at) as occurred_at
    from activities
    where completed_at <= (select horizon.loaded_until from horizon)
),

newest_event as (
    select max(occurred_at) as occurred_at
    from crm_events
),

marketing_days as (
    select spend_date as day
    from {{ ref('stg_marketing__ad_spend') }}
    where
        not is_deleted
        and {{ is_plausible_date('spend_date', is_date=true) }}
    union all
    select session_date as day
    from {{ ref('stg_marketing__web_sessions') }}
    where
        not is_deleted
        and {{ is_plausible_date('session_date', is_date=true) }}
),

newest_day as (
    select max(day) as day
    from marketing_days
),

dated as (
    select
        {% if as_of_date -%}
        '{{ as_of_date }}'::date as as_of_date,
        {%- else -%}
        coalesce(
            {{ cut_day('newest_event.occurred_at') }},
            least(newest_day.day, {{ cut_day('horizon.loaded_until') }}),
            {{ cut_day('horizon.loaded_until') }}
        ) as as_of_date,
        {%- endif %}
        newest_event.occurred_at as newest_event_at,
        horizon.loaded_until as newest_load_at
    from newest_event
    cross join newest_day
    cross join horizon
),

final as (
    select
        as_of_date,
        -- Ages are measured at the end of the day.
        {{ end_of_day('as_of_date') }} as as_of_at,
        newest_event_at,
        newest_load_at,
        {{ cut_fiscal_quarter('as_of_date') }} as current_quarter,
        date_trunc('month', as_of_date)::date as current_month,
        date_trunc('month', as_of_date + 1)::date as forecast_origin,
        nullif('{{ var("switched_off") | join(", ") }}', '') as switched_off,
        {{ var('min_sample') }} as min_sample
    from dated
)

select * from final
