-- Grain: one row per deal in the change log, with the last logged value of each field.
with changes as (
    select
        *,
        {{ is_plausible_date('changed_at') }} as is_dated
    from {{ ref('stg_pipedrive__deal_changes') }}
    where not is_deleted
),

{% set newest_first = 'changed_at desc, first_loaded_at desc, log_position desc' %}
{% set last_value = '(array_agg(new_value order by ' ~ newest_first ~ ') filter (where field_key = %r and is_dated))[1]' %}
pivoted as (
    select
        deal_id,
        min(changed_at) filter (where field_key = 'add_time' and is_dated) as created_at,
        count(*) filter (where field_key = 'add_time') as creation_count,
        min(changed_at) filter (where is_dated) as first_changed_at,
        max(changed_at) filter (where is_dated) as last_changed_at,
        {{ last_value % 'stage_id' }} as stage_id,
        {{ last_value % 'user_id' }} as owner_id,
        {{ last_value % 'pipeline_id' }} as pipeline_id,
        {{ last_value % 'status' }} as status,
        {{ last_value % 'lost_reason' }} as lost_reason_id,
        {{ last_value % 'value' }} as amount,
        {{ last_value % 'currency' }} as currency,
        {{ last_value % 'expected_close_date' }} as expected_close_date,
        max(_loaded_at) as _loaded_at
    from changes
    group by deal_id
),

final as (
    select
        deal_id,
        created_at,
        creation_count,
        first_changed_at,
        last_changed_at,
        case when stage_id ~ '^\d{1,18}$' then stage_id::bigint end as stage_id,
        case when owner_id ~ '^\d{1,18}$' then owner_id::bigint end as owner_id,
        case when pipeline_id ~ '^\d{1,18}$' then pipeline_id::bigint end as pipeline_id,
        -- Without a status log a lost reason is the only sign of an end.
        case
            when status in ('open', 'won', 'lost', 'deleted') then status
            when status is not null then 'unknown'
            when lost_reason_id is not null then 'lost'
            else 'open'
        end as status,
        {{ lost_reason_key('lost_reason_id') }} as lost_reason_id,
        case when pg_input_is_valid(amount, 'numeric(20, 4)') and amount ~ '^[-+]?[0-9.]+$' then amount::numeric(20, 4) end as amount,
        {{ currency_code('currency') }} as currency,
        case
            when
                pg_input_is_valid(expected_close_date, 'date')
                and expected_close_date ~ '^\d{4}-\d{2}-\d{2}'
                and {{ is_plausible_date('expected_close_date::date', is_date=true) }}
                then expected_close_date::date
        end as expected_close_date,
        _loaded_at
    from pivoted
)

select * from final
