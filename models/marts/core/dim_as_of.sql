-- Grain: one row, the date that ages, horizons and alerts are measured at.
-- The var as_of_date, else the date of the newest funnel event that is not after the newest load. Never the wall clock.
-- The newest month comes first, because it has an index and the instants have none.
with newest_event as (
    select max(occurred_at) as occurred_at
    from {{ ref('fct_funnel_events') }}
    where occurred_month = (select max(occurred_month) from {{ ref('fct_funnel_events') }})
),

horizon as (
    select * from {{ ref('stg_loads__horizon') }}
),

dated as (
    select
        {% if var('as_of_date') -%}
        '{{ var("as_of_date") }}'::date as as_of_date,
        {%- else -%}
        (least(newest_event.occurred_at, horizon.loaded_until) at time zone '{{ var("reporting_timezone") }}')::date as as_of_date,
        {%- endif %}
        newest_event.occurred_at as newest_event_at,
        horizon.loaded_until as newest_load_at
    from newest_event
    cross join horizon
),

final as (
    select
        as_of_date,
        -- Ages are measured at the end of the day.
        (as_of_date + 1)::timestamp at time zone '{{ var("reporting_timezone") }}' as as_of_at,
        newest_event_at,
        newest_load_at
    from dated
)

select * from final
