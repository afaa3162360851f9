-- Grain: one row per deal, moment and field logged, in the shape of int_deal_events. No window and no join: so a filter on
-- field or deal_key reaches the index on raw.
with changes as (
    select * from {{ ref('stg_pipedrive__deal_changes') }}
    where
        field_key in (
            'add_time', 'pipeline_id', 'stage_id', 'status', 'lost_reason', 'user_id', 'value', 'currency', 'expected_close_date',
            'probability', 'won_time', 'lost_time'
        )
        -- A deal is always in a stage and a pipeline: a row that empties one says nothing.
        and (new_value is not null or field_key not in ('stage_id', 'pipeline_id'))
        and not is_deleted
        and {{ is_plausible_date('changed_at') }}
),

final as (
    select
        deal_key,
        'pipedrive' as crm_source,
        deal_id,
        changed_at as occurred_at,
        (case field_key when 'add_time' then 0 else 1 end)::smallint as priority,
        first_loaded_at,
        log_position,
        case field_key
            when 'stage_id' then 'stage'
            when 'pipeline_id' then 'pipeline'
            when 'status' then 'status'
            when 'add_time' then 'created'
            when 'user_id' then 'owner'
            when 'value' then 'amount'
            when 'currency' then 'currency'
            when 'expected_close_date' then 'close_date'
            when 'lost_reason' then 'lost_reason'
            when 'probability' then 'probability'
            else 'closed_date'
        end as field,
        -- A value that is not what its field holds counts as none.
        case field_key
            when 'stage_id' then new_value
            when 'pipeline_id' then new_value
            when 'status' then new_value
            when 'add_time' then 'true'
            when 'user_id' then {{ user_key('new_value') }}
            when 'value' then case when pg_input_is_valid(new_value, 'numeric(20, 4)') and new_value ~ '^[-+]?[0-9.]+$' then new_value end
            when 'currency' then {{ currency_code('new_value') }}
            when 'expected_close_date' then {{ logged_date('new_value') }}
            when 'lost_reason' then {{ lost_reason_key('new_value') }}
            when 'probability' then case when pg_input_is_valid(new_value, 'numeric(9, 4)') and new_value ~ '^[0-9.]+$' then new_value end
            else {{ logged_date('new_value') }}
        end as value,
        case field_key when 'stage_id' then old_value when 'user_id' then {{ user_key('old_value') }} end as old_value,
        _loaded_at
    from changes
)

select * from final
