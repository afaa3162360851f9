-- Grain: one row per deal in the log, with the last value of each field.
{% set fields = [
    'stage', 'pipeline', 'status', 'lost_reason', 'owner', 'amount', 'currency', 'probability', 'close_date', 'forecast_category',
] %}

with log as (
    select * from {{ ref('int_deal_events') }}
),

numbered as (
    select
        *,
        case field when 'closed_stage' then 'stage' else field end as told_field,
        (100000000 + row_number() over (partition by deal_key order by {{ log_order() }}))::text collate "C" || coalesce(value, '') as placed
    from log
),

pivoted as (
    select
        deal_key,
        crm_source,
        deal_id,
        min(occurred_at) filter (where field = 'created') as created_at,
        count(*) filter (where field = 'created') as creation_count,
        min(occurred_at) as first_changed_at,
        max(occurred_at) as last_changed_at,
        {%- for field in fields %}
        nullif(substr(max(placed) filter (where told_field = '{{ field }}'), 10), '') as {{ field }},
        {%- endfor %}
        count(value) filter (where field = 'lost_reason') > 0 as has_lost_reason,
        max(_loaded_at) as _loaded_at
    from numbered
    group by deal_key, crm_source, deal_id
),

final as (
    select
        deal_key,
        crm_source,
        deal_id,
        created_at,
        creation_count,
        first_changed_at,
        last_changed_at,
        stage as stage_id,
        owner as owner_id,
        pipeline as pipeline_id,
        -- Without a status log a lost reason is the only sign of an end.
        coalesce(status, case when has_lost_reason then 'lost' else 'open' end) as status,
        lost_reason as lost_reason_id,
        amount::numeric(20, 4) as amount,
        currency,
        probability::numeric(9, 4) as probability,
        close_date::date as close_date,
        forecast_category,
        _loaded_at
    from pivoted
)

select * from final
