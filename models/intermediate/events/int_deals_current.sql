-- Grain: one row per deal in the log, with the last value of each field.
{% set fields = [
    'stage', 'pipeline', 'status', 'lost_reason', 'owner', 'amount', 'currency', 'probability', 'close_date', 'forecast_category',
] %}
{% set last_first = 'order by ' ~ log_order().replace(',', ' desc,') ~ ' desc' %}

with log as (
    select * from {{ ref('int_deal_events') }}
),

-- any_value keeps the first value of its order that is not NULL. All aggregates ask for one order, so that one sort serves them and
-- the grouping; see int_deal_states. '' is a field that was emptied.
pivoted as (
    select
        deal_key,
        any_value(crm_source) as crm_source,
        any_value(deal_id) as deal_id,
        min(occurred_at) filter (where field = 'created') as created_at,
        count(*) filter (where field = 'created') as creation_count,
        min(occurred_at) as first_changed_at,
        max(occurred_at) as last_changed_at,
        {%- for field in fields %}
        any_value(
            case when field {{ "in ('stage', 'closed_stage')" if field == 'stage' else "= '" ~ field ~ "'" }} then coalesce(value, '') end
            {{ last_first }}
        ) as {{ field }},
        {%- endfor %}
        count(value) filter (where field = 'lost_reason') > 0 as has_lost_reason,
        max(_loaded_at) as _loaded_at
    from log
    group by deal_key
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
        nullif(stage, '') as stage_id,
        nullif(owner, '') as owner_id,
        nullif(pipeline, '') as pipeline_id,
        -- Without a status log a lost reason is the only sign of an end.
        coalesce(nullif(status, ''), case when has_lost_reason then 'lost' else 'open' end) as status,
        nullif(lost_reason, '') as lost_reason_id,
        nullif(amount, '')::numeric(20, 4) as amount,
        nullif(currency, '') as currency,
        nullif(probability, '')::numeric(9, 4) as probability,
        nullif(close_date, '')::date as close_date,
        nullif(forecast_category, '') as forecast_category,
        _loaded_at
    from pivoted
)

select * from final
