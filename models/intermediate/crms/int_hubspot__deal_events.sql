-- Grain: one row per deal, moment and field that was set then, in the shape of int_deal_events. A stage says whether a deal is open, won
-- or lost. A deal's first stage and pipeline, and what the first instant of its history sets, count from its creation. Its own row has
-- the last word: a value without history counts from the creation, one that differs from the history from the last modification, and a
-- closing that is not logged from the end of its day. A view: one sort, and a filter on deal_key reaches the indexes on raw.
with merged_deals as (
    select * from {{ ref('stg_hubspot__merged_deals') }}
    where not is_deleted
),

deals as (
    select
        *,
        case when {{ is_plausible_date('created_at') }} then created_at end as known_created_at,
        case when {{ is_plausible_date('modified_at') }} then modified_at end as known_modified_at,
        case when {{ is_plausible_date('close_date', is_date=true) }} then close_date end as known_close_date
    from {{ ref('stg_hubspot__deals') }}
    where not is_deleted and deal_key not in (select merged_deals.deal_key from merged_deals)
),

history as (
    select * from {{ ref('stg_hubspot__deal_property_history') }}
    where
        property in ('{{ hubspot_fields() | join("', '") }}')
        -- A row that empties the stage or the pipeline says nothing.
        and (value is not null or property not in ('dealstage', 'pipeline'))
        and not is_deleted
        and {{ is_plausible_date('changed_at') }}
),

stages as (
    select * from {{ ref('stg_hubspot__pipeline_stages') }}
),

-- What is told of a deal: by its own row (priority 0 its creation, 2 what it says now) and by the history of its properties.
rows_told as (
    select
        deals.deal_key,
        deals.deal_id,
        told.priority::smallint as priority,
        case told.priority when 0 then deals.known_created_at else deals.known_modified_at end as occurred_at,
        deals._loaded_at as first_loaded_at,
        0::bigint as log_position,
        told.field,
        told.value,
        deals._loaded_at
    from deals
    cross join
        lateral (
            values
            ('created', 0, 'true'), ('stage', 2, deals.stage_id), ('status', 2, deals.status), ('pipeline', 2, deals.pipeline_id),
            ('owner', 2, deals.owner_id), ('amount', 2, trim_scale(deals.amount)::text), ('currency', 2, deals.currency),
            ('close_date', 2, deals.known_close_date::text), ('lost_reason', 2, {{ lost_reason_key('deals.lost_reason') }}),
            -- A closing that is dated ahead was no later than the last modification.
            ('closed_date', 2, least(deals.known_close_date, {{ cut_day('deals.known_modified_at') }})::text),
            ('forecast_category', 2, deals.forecast_category)
        ) as told (field, priority, value)
    union all
    select
        deal_key,
        deal_id,
        1 as priority,
        changed_at as occurred_at,
        first_loaded_at,
        log_position,
        case property
            {%- for property, field in hubspot_fields().items() %}
            when '{{ property }}' then '{{ field }}'
            {%- endfor %}
        end as field,
        {{ hubspot_value('property', 'value') }} as value,
        _loaded_at
    from history
),

-- Each field's values in their order, the one of the deal's own row last.
compared as (
    select
        rows_told.*,
        stages.status as listed_status,
        lag(field) over deal as previous_field,
        lag(value) over deal as previous_value,
        lag(occurred_at) over deal as previous_at,
        bool_or(priority = 0) over deal as is_held,
        min(occurred_at) filter (where priority = 0) over deal as created_at,
        min(occurred_at) filter (where priority = 1) over deal as first_logged_at,
        max(occurred_at) filter (where priority = 1) over deal as last_logged_at,
        max(case when priority = 2 and field = 'stage' then value end) over deal as stage_now,
        max(case when priority = 2 and field = 'status' then value end) over deal as status_now,
        max(case when priority = 2 and field = 'close_date' then value end) over deal as close_date,
        max(case when priority = 2 and field = 'closed_date' then value end) over deal as closed_date,
        max(greatest(rows_told._loaded_at, stages._loaded_at)) over deal as deal_loaded_at
    from rows_told
    left join stages
        on
            rows_told.field = 'stage'
            and rows_told.value = stages.stage_id
    window deal as (
        partition by deal_key order by field, priority, occurred_at, first_loaded_at, log_position
        rows between unbounded preceding and unbounded following
    )
),

-- How it stands in a stage that no list names: its flags tell of the one it is in, HubSpot's ids of two. A reason told again is of another loss.
told as (
    select
        *,
        (previous_field is distinct from field) as is_first,
        case
            when field = 'stage'
                then coalesce(
                    listed_status,
                    case when value = stage_now then status_now end,
                    case value when 'closedwon' then 'won' when 'closedlost' then 'lost' else 'open' end
                )
        end as status
    from compared
    where
        is_held and field <> 'status'
        and (priority = 1 or value is not null)
        and ((previous_field is distinct from field) or (previous_value is distinct from value) or (field = 'lost_reason' and priority = 1))
),

closed as (
    select
        *,
        lag(status) over deal as previous_status,
        bool_or(status <> 'open' and value = stage_now) over deal as is_closed,
        bool_or(status <> 'open' and priority = 2) over deal as is_closing_unlogged
    from told
    window deal as (
        partition by deal_key order by field, priority, occurred_at, first_loaded_at, log_position
        rows between unbounded preceding and unbounded following
    )
),

-- A deal that is closed, nobody knows when, and of which nothing is logged has no timeline.
dated as (
    select
        *,
        case
            when priority = 0 then occurred_at
            when priority = 1 and is_first and (status = 'open' or field = 'pipeline' or occurred_at = first_logged_at)
                then case when status <> 'open' then occurred_at else least(occurred_at, created_at) end
            when priority = 1 then occurred_at
            when is_closing_unlogged and (status <> 'open' or field in ('closed_date', 'lost_reason'))
                then greatest({{ end_of_day('closed_date::date') }} - interval '1 microsecond', created_at, last_logged_at)
            when field in ('closed_date', 'lost_reason') then greatest(occurred_at, created_at, last_logged_at)
            when is_first then coalesce(created_at, occurred_at)
            else greatest(occurred_at, previous_at)
        end as moment
    from closed
    where
        (last_logged_at is not null or closed_date is not null or is_closing_unlogged is not true)
        and (field <> 'closed_date' or (is_closed and close_date is not null))
),

final as (
    select
        dated.deal_key,
        'hubspot' as crm_source,
        dated.deal_id,
        dated.moment as occurred_at,
        dated.priority,
        dated.first_loaded_at,
        dated.log_position,
        told.field,
        told.value,
        null::text as old_value,
        dated.deal_loaded_at as _loaded_at
    from dated
    cross join
        lateral (
            values
            (case when dated.status in ('won', 'lost') then 'closed_stage' else dated.field end, dated.value),
            (case when dated.field = 'stage' and (dated.status is distinct from dated.previous_status) then 'status' end, dated.status)
        ) as told (field, value)
    where told.field is not null and dated.moment is not null
)

select * from final
