-- Grain: one row per deal and interval in which none of its fields changed, valid_from to valid_to by LEAD.
-- A table, unlike other intermediate models: every pipeline mart reads these timelines, and they are the costly part.
-- Incremental: watermark = newest _loaded_at held; key = deal_key. Late, corrected and deleted rows replace the
-- deal's whole timeline; a deal that is gone or deleted in its CRM disappears.
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_deals',
        on_schema_change='fail',
        pre_hook="{{ collect_changed_deals() }}",
        indexes=[{'columns': ['deal_key']}, {'columns': ['_loaded_at']}],
    )
}}

with changes as (
    select * from {{ ref('int_deal_events') }}
    {{ only_changed_deals() }}
),

checked as (
    select
        *,
        bool_or(field = 'exists') over deal as is_existing,
        max(_loaded_at) over deal as deal_loaded_at
    from changes
    window deal as (partition by deal_key, crm_source, deal_id)
),

numbered as (
    select
        *,
        lpad((row_number() over events)::text, 9, '0') as place,
        lead(occurred_at) over events as next_occurred_at
    from checked
    where
        is_existing
        and occurred_at is not null
    window
        events as (
            partition by deal_key, crm_source, deal_id
            order by occurred_at, event_order, first_loaded_at, log_position, field
        )
),

-- Each field's last value so far: the running maximum of (place, value).
filled as (
    select
        {%- for field in ['status', 'stage', 'amount', 'currency', 'probability', 'close_date', 'closed_date', 'owner'] %}
        (max(array[numbered.place, numbered.value]) filter (where numbered.field = '{{ field }}') over so_far)[2] as {{ field }},
        {%- endfor %}
        numbered.*
    from numbered
    window so_far as (
        partition by numbered.deal_key, numbered.crm_source, numbered.deal_id
        order by numbered.occurred_at, numbered.event_order, numbered.first_loaded_at, numbered.log_position, numbered.field
        rows unbounded preceding
    )
),

-- What several rows of one instant say together; its last row has seen them all.
moments as (
    select
        *,
        row(coalesce(status, 'open'), stage, amount, currency, probability, close_date, closed_date, owner)::text as state
    from filled
    where next_occurred_at is distinct from occurred_at
),

compared as (
    select
        *,
        lag(state) over events as previous_state,
        lag(coalesce(status, 'open')) over events as previous_status
    from moments
    window events as (partition by deal_key, crm_source, deal_id order by occurred_at)
),

final as (
    select
        crm_source,
        deal_id,
        deal_key,
        row_number() over events as state_number,
        occurred_at as valid_from,
        lead(occurred_at) over events as valid_to,
        coalesce(status, 'open') as status,
        stage as stage_id,
        owner as owner_id,
        amount::numeric(20, 4) as amount,
        currency,
        probability::numeric(9, 4) as probability,
        close_date::date as close_date,
        case
            when status in ('won', 'lost')
                then coalesce(
                    closed_date::date,
                    {{ cut_day("max(occurred_at) filter (where coalesce(status, 'open') is distinct from previous_status) over so_far") }}
                )
        end as closed_date,
        first_value(occurred_at) over events as first_seen_at,
        deal_loaded_at as _loaded_at
    from compared
    where state is distinct from previous_state
    window
        events as (partition by deal_key, crm_source, deal_id order by occurred_at),
        so_far as (partition by deal_key, crm_source, deal_id order by occurred_at rows unbounded preceding)
)

select * from final
