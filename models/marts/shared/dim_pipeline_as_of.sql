-- Grain: one row, the date that the pipeline reports are measured at. The var as_of_date, else the date of the newest
-- change of a deal that is not after the newest load. Never the wall clock.
-- Incremental only so that it is updated in place.
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_all',
    )
}}

with states as (
    select * from {{ ref('int_deal_states') }}
),

newest_change as (
    select max(valid_from) as changed_at
    from states
    where valid_from <= {{ loaded_until() }}
),

dated as (
    select
        {% if var('as_of_date') -%}
        '{{ var("as_of_date") }}'::date as as_of_date,
        {%- else -%}
        {{ cut_day('changed_at') }} as as_of_date,
        {%- endif %}
        changed_at as newest_change_at
    from newest_change
),

final as (
    select
        as_of_date,
        newest_change_at,
        {{ cut_fiscal_quarter('as_of_date') }} as current_quarter,
        date_trunc('month', as_of_date)::date as current_month,
        date_trunc('month', as_of_date + 1)::date as forecast_origin
    from dated
)

select * from final
