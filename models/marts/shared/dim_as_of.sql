-- Grain: one row, the date that ages, horizons and alerts are measured at.
-- The var as_of_date, else the date of the newest funnel event that is not after the newest load. Never the wall clock.
-- Months come first, because they have an index and the instants have none: events of a month before the load's are
-- before the load.
with horizon as (
    select
        *,
        {{ cut_month('loaded_until') }} as month
    from {{ ref('stg_loads__horizon') }}
),

newest_event as (
    select max(occurred_at) as occurred_at
    from {{ ref('fct_funnel_events') }}
    where
        occurred_at <= (select loaded_until from horizon)
        and occurred_month <= (select month from horizon)
        and occurred_month >= coalesce(
            (
                select max(earlier.occurred_month)
                from {{ ref('fct_funnel_events') }} as earlier
                where earlier.occurred_month < (select month from horizon)
            ),
            '-infinity'
        )
),

dated as (
    select
        {% if var('as_of_date') -%}
        '{{ var("as_of_date") }}'::date as as_of_date,
        {%- else -%}
        (coalesce(newest_event.occurred_at, horizon.loaded_until) at time zone '{{ var("reporting_timezone") }}')::date as as_of_date,
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
