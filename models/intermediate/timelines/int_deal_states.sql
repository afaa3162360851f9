-- Grain: one row per deal and interval in which none of its fields changed, valid_from to valid_to by LEAD.
-- A table, unlike other timelines: every pipeline report reads it, and it is the costly one.
-- Incremental: watermark = newest _loaded_at held; key = deal_key. Late, corrected and deleted rows replace the deal's whole
-- timeline; a deal that is gone or deleted in its CRM disappears.
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_deals',
        on_schema_change='fail',
        meta={'distribute_by': 'deal_key'},
        pre_hook="{{ collect_changed_deals() }}",
        indexes=[{'columns': ['deal_key']}, {'columns': ['_loaded_at']}],
    )
}}

{% set fields = ['status', 'stage', 'owner', 'amount', 'currency', 'probability', 'close_date', 'forecast_category'] %}

with log as (
    select * from {{ ref('int_deal_events') }}
    {{ only_changed_deals() }}
),

numbered as (
    select
        *,
        (100000000 + row_number() over deal_events)::text collate "C" as place,
        bool_or(field = 'status') over (partition by deal_key) as has_status_log
    from log
    window deal_events as (partition by deal_key order by {{ log_order() }})
),

-- A deal without a status log is lost whenever a lost reason is set. A deletion that was taken back changes no state.
told as (
    select
        deal_key,
        crm_source,
        deal_id,
        occurred_at,
        case
            when field = 'closed_stage' then 'stage'
            when field = 'lost_reason' then case when not has_status_log and value is not null then 'status' end
            when field = 'closed_date' and value is null then null
            when field = 'status' and value = 'deleted' then 'deletion'
            else field
        end as field,
        place || case field when 'lost_reason' then 'lost' else coalesce(value, '') end as placed,
        place || coalesce(old_value, '') as placed_old,
        _loaded_at
    from numbered
),

-- What the rows of one instant say together: the last value of each field, behind its place.
moments as (
    select
        deal_key,
        crm_source,
        deal_id,
        occurred_at,
        {%- for field in fields + ['closed_date', 'deletion'] %}
        max(placed) filter (where field = '{{ field }}') as {{ field }},
        {%- endfor %}
        min(placed_old) filter (where field = 'stage') as first_stage,
        min(placed_old) filter (where field = 'owner') as first_owner,
        max(_loaded_at) as _loaded_at
    from told
    group by deal_key, crm_source, deal_id, occurred_at
),

-- The running maximum of (place, value) is the value that was set last; before the first, it is that change's old value.
filled as (
    select
        deal_key,
        crm_source,
        deal_id,
        occurred_at,
        {%- for field in fields %}
        substr(max({{ field }}) over so_far, 10) as {{ field }},
        {%- endfor %}
        substr(min(first_stage) over deal, 10) as first_stage,
        substr(min(first_owner) over deal, 10) as first_owner,
        coalesce(max(deletion) over deal > max(status) over deal, max(deletion) over deal is not null) as is_deleted,
        max(closed_date) over deal as closed_date,
        max(status) filter (where status like '%open') over deal as reopening,
        max(_loaded_at) over deal as _loaded_at
    from moments
    window
        deal as (partition by deal_key),
        so_far as (partition by deal_key order by occurred_at rows unbounded preceding)
),

valued as (
    select
        deal_key,
        crm_source,
        deal_id,
        occurred_at,
        coalesce(status, 'open') as status,
        nullif(coalesce(stage, first_stage), '') as stage,
        nullif(coalesce(owner, first_owner), '') as owner,
        {%- for field in fields if field not in ['status', 'stage', 'owner'] %}
        nullif({{ field }}, '') as {{ field }},
        {%- endfor %}
        -- A date that was logged before the deal was opened again is that of an earlier closing.
        case when closed_date > coalesce(reopening, '') then substr(closed_date, 10)::date end as crm_closed_date,
        _loaded_at
    from filled
    where not is_deleted
),

compared as (
    select
        *,
        (row({{ fields | join(', ') }}) is distinct from lag(row({{ fields | join(', ') }})) over deal_moments) as is_changed,
        (status is distinct from lag(status) over deal_moments) as is_status_changed
    from valued
    window deal_moments as (partition by deal_key order by occurred_at)
),

final as (
    select
        deal_key,
        crm_source,
        deal_id,
        row_number() over deal_states as state_number,
        occurred_at as valid_from,
        lead(occurred_at) over deal_states as valid_to,
        status,
        stage as stage_id,
        owner as owner_id,
        amount::numeric(20, 4) as amount,
        currency,
        probability::numeric(9, 4) as probability,
        close_date::date as close_date,
        forecast_category,
        max(occurred_at) filter (where is_status_changed) over so_far as status_since,
        max(occurred_at) filter (where is_status_changed) over deal as last_status_since,
        crm_closed_date,
        min(occurred_at) over deal as first_seen_at,
        _loaded_at
    from compared
    where is_changed
    window
        deal as (partition by deal_key),
        deal_states as (partition by deal_key order by occurred_at),
        so_far as (partition by deal_key order by occurred_at rows unbounded preceding)
)

-- The CRM's own date is that of the closing that stands; one that a reopening follows keeps its logged day.
select
    deal_key,
    crm_source,
    deal_id,
    state_number,
    valid_from,
    valid_to,
    status,
    stage_id,
    owner_id,
    amount,
    currency,
    probability,
    close_date,
    forecast_category,
    case when status in ('won', 'lost') then status_since end as closed_at,
    case
        when status in ('won', 'lost')
            then coalesce(case when status_since = last_status_since then crm_closed_date end, {{ cut_day('status_since') }})
    end as closed_date,
    first_seen_at,
    _loaded_at
from final
