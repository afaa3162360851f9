-- Grain: one row per deal, moment and field set then, in the common shape of int_deal_events.
with changes as (
    select * from {{ ref('stg_pipedrive__deal_changes') }}
    where
        field_key in ('stage_id', 'user_id', 'value', 'currency', 'expected_close_date')
        and not is_deleted
        and {{ is_plausible_date('changed_at') }}
),

outcomes as (
    select * from {{ ref('int_deal_outcomes') }}
    where outcome in ('won', 'lost', 'reopened')
),

deals as (
    select * from {{ ref('int_deals_current') }}
    where status <> 'deleted'
),

events as (
    select
        deal_id,
        changed_at as occurred_at,
        1 as event_order,
        log_position,
        first_loaded_at,
        case field_key
            when 'stage_id' then 'stage'
            when 'user_id' then 'owner'
            when 'value' then 'amount'
            when 'currency' then 'currency'
            else 'close_date'
        end as field,
        -- A value that is not what its field holds counts as none.
        case field_key
            when 'currency' then {{ currency_code('new_value') }}
            when 'value' then case when pg_input_is_valid(new_value, 'numeric(20, 4)') and new_value ~ '^[-+]?[0-9.]+$' then new_value end
            when 'expected_close_date'
                then
                    case
                        when
                            pg_input_is_valid(new_value, 'date')
                            and new_value ~ '^\d{4}-\d{2}-\d{2}'
                            and {{ is_plausible_date('new_value::date', is_date=true) }}
                            then left(new_value, 10)
                    end
            else case when new_value ~ '^\d{1,18}$' then new_value end
        end as value,
        _loaded_at
    from changes
    union all
    select
        deal_id,
        occurred_at,
        2 as event_order,
        log_position,
        first_loaded_at,
        'status' as field,
        case outcome when 'reopened' then 'open' else outcome end as value,
        _loaded_at
    from outcomes
    union all
    -- One reference to deals, here and to deals in the Salesforce view: a CTE used twice is computed for all keys.
    select
        deals.deal_id,
        case fields.field when 'status' then coalesce(deals.created_at, deals.first_changed_at) end as occurred_at,
        0 as event_order,
        0 as log_position,
        deals._loaded_at as first_loaded_at,
        fields.field,
        fields.value,
        deals._loaded_at
    from deals
    cross join (values ('status', 'open'), ('exists', 'true')) as fields (field, value)
),

final as (
    select
        'pipedrive' as crm_source,
        deal_id as deal_key,
        deal_id::text as deal_id,
        occurred_at,
        event_order,
        log_position,
        first_loaded_at,
        field,
        value,
        _loaded_at
    from events
)

select * from final
