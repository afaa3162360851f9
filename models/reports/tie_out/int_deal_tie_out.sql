-- Grain: one row per deal of which a CRM's list of deals and the log are compared, those deleted in the list included.
-- Incremental: watermark = newest _loaded_at held; key = deal_key. A changed deal is replaced; one that is gone disappears.
-- The CRM's own row of a deal is left out of the log here (priority 2): it always agrees with itself.
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_deals',
        meta={'distribute_by': 'deal_key'},
        pre_hook="{{ collect_changed_deals() }}",
        indexes=[{'columns': ['deal_key']}, {'columns': ['_loaded_at']}],
    )
}}

{% set fields = ['status', 'pipeline', 'stage', 'owner', 'amount', 'currency'] %}
{% set last_first = 'order by ' ~ log_order().replace(',', ' desc,') ~ ' desc' %}

with attributes as (
    select * from {{ ref('int_deal_attributes') }}
    {{ only_changed_deals() }}
),

pipedrive_deals as (
    select * from {{ ref('stg_pipedrive__deals') }}
    {{ only_changed_deals() }}
),

listed as (
    select
        deal_key,
        crm_source,
        deal_id,
        status,
        pipeline_id,
        stage_id,
        owner_id,
        amount,
        currency,
        modified_at,
        _loaded_at
    from attributes
    union all
    select
        deal_key,
        'pipedrive' as crm_source,
        deal_id,
        case when is_deleted then 'deleted' else status end as status,
        pipeline_id,
        stage_id,
        owner_id,
        amount,
        currency,
        modified_at,
        _loaded_at
    from pipedrive_deals
),

events as (
    select * from {{ ref('int_deal_events') }}
    {{ only_changed_deals() }}
),

-- One order for all aggregates, as in int_deals_current.
logged as (
    select
        events.deal_key,
        {%- for field in fields %}
        any_value(
            case
                when events.field {{ "in ('stage', 'closed_stage')" if field == 'stage' else "= '" ~ field ~ "'" }}
                    then coalesce(events.value, '')
            end
            {{ last_first }}
        ) as {{ field }},
        {%- endfor %}
        bool_or(events.field = 'lost_reason' and events.value is not null) as has_lost_reason,
        bool_or(events.field = 'created') as has_creation,
        bool_or(events.priority = 1) as has_history,
        max(events.occurred_at) as last_logged_at,
        max(events._loaded_at) as _loaded_at
    from events
    inner join listed on events.deal_key = listed.deal_key
    where events.priority < 2
    group by events.deal_key
),

sides as (
    select
        listed.deal_key,
        listed.crm_source,
        listed.deal_id,
        logged.deal_key is not null as is_in_log,
        coalesce(logged.has_creation, false) as has_creation,
        coalesce(logged.has_history, false) as has_history,
        case
            when logged.deal_key is not null
                then coalesce(nullif(logged.status, ''), case when logged.has_lost_reason then 'lost' else 'open' end)
        end as log_status,
        listed.status as crm_status,
        case when logged.deal_key is not null then coalesce(nullif(logged.pipeline, ''), {{ default_pipeline('listed.crm_source') }}) end
            as log_pipeline_id,
        listed.pipeline_id as crm_pipeline_id,
        nullif(logged.stage, '') as log_stage_id,
        listed.stage_id as crm_stage_id,
        nullif(logged.owner, '') as log_owner_id,
        listed.owner_id as crm_owner_id,
        nullif(logged.amount, '')::numeric(20, 4) as log_amount,
        listed.amount::numeric(20, 4) as crm_amount,
        nullif(logged.currency, '') as log_currency,
        listed.currency as crm_currency,
        array_remove(array[
            {%- for field in fields %}
            case when logged.{{ field }} is not null then '{{ field }}' end{{ ',' if not loop.last }}
            {%- endfor %}
        ], null) as logged_fields,
        logged.last_logged_at,
        listed.modified_at as crm_modified_at,
        greatest(listed._loaded_at, logged._loaded_at) as _loaded_at
    from listed
    left join logged on listed.deal_key = logged.deal_key
),

-- A deleted deal has no state that counts. An amount of nothing is how some CRMs write none, whatever its currency.
compared as (
    select
        *,
        array_remove(array[
            case when crm_status <> log_status then 'status' end,
            {%- for field in fields if field in ['pipeline', 'stage', 'owner'] %}
            case when 'deleted' not in (crm_status, log_status) and (crm_{{ field }}_id <> coalesce(log_{{ field }}_id, '')) then '{{ field }}' end,
            {%- endfor %}
            case when 'deleted' not in (crm_status, log_status) and crm_amount <> coalesce(log_amount, 0) then 'amount' end,
            case
                when 'deleted' not in (crm_status, log_status) and crm_currency <> log_currency and crm_amount <> 0 then 'currency'
            end
        ], null) as differing
    from sides
),

final as (
    select
        deal_key,
        crm_source,
        deal_id,
        case
            when not is_in_log and (crm_status is distinct from 'deleted') then 'not in the log'
            when cardinality(differing) = 0 or not is_in_log then 'none'
            when crm_modified_at < last_logged_at then 'list is older than the log'
            when differing && logged_fields then 'change not logged'
            when not has_creation then 'history cut off'
            else 'field not logged'
        end as difference,
        case when is_in_log then nullif(array_to_string(differing, ', '), '') end as differing_fields,
        has_history,
        log_status,
        crm_status,
        log_pipeline_id,
        crm_pipeline_id,
        log_stage_id,
        crm_stage_id,
        log_owner_id,
        crm_owner_id,
        log_amount,
        crm_amount,
        log_currency,
        crm_currency,
        last_logged_at,
        crm_modified_at,
        _loaded_at
    from compared
)

select * from final
