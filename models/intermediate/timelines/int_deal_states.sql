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

{# What sets each field. The stage of a closed deal is one of them; a deletion that was taken back changes no state. #}
{% set fields = {
    'status': "field = 'status' and value is distinct from 'deleted'",
    'stage': "field in ('stage', 'closed_stage')",
    'owner': "field = 'owner'",
    'amount': "field = 'amount'",
    'currency': "field = 'currency'",
    'probability': "field = 'probability'",
    'close_date': "field = 'close_date'",
    'forecast_category': "field = 'forecast_category'",
} %}
{% set terms = ['amount', 'currency', 'probability', 'close_date', 'forecast_category'] %}
{% set last_first = 'order by ' ~ log_order().replace(',', ' desc,') ~ ' desc' %}

with log as (
    select * from {{ ref('int_deal_events') }}
    {{ only_changed_deals() }}
),

-- What the rows of one instant say together: the last value of each field, '' where it was emptied. any_value keeps the first value
-- of its order that is not NULL; PostgreSQL's manual promises only some value, so unit tests hold it to that. All these aggregates
-- ask for one order, so that one sort serves them and the grouping; a filter clause would make each of them sort anew. `place` is
-- the instant as a text that sorts by time.
moments as (
    select
        deal_key,
        any_value(crm_source) as crm_source,
        any_value(deal_id) as deal_id,
        occurred_at,
        (10000000000000000 + (date_part('epoch', occurred_at) * 1000000)::bigint)::text collate "C" as place,
        {%- for field, condition in fields.items() %}
        any_value(case when {{ condition }} then coalesce(value, '') end {{ last_first }}) as {{ field }},
        {%- endfor %}
        {%- for field in ['stage', 'owner'] %}
        split_part(string_agg(case when {{ fields[field] }} then coalesce(old_value, '') end, e'\x1f' {{ last_first }}), e'\x1f', -1)
            as old_{{ field }},
        {%- endfor %}
        -- A date that was logged before the deal was opened again is that of an earlier closing.
        any_value(case field when 'closed_date' then value when 'status' then case when value = 'open' then '' end end {{ last_first }})
            as closed_date,
        any_value(case when field = 'status' then coalesce(value = 'deleted', false) end {{ last_first }}) as is_deletion,
        bool_or(field = 'lost_reason' and value is not null) as is_loss,
        max(_loaded_at) as _loaded_at
    from log
    group by deal_key, occurred_at
),

-- The running maximum of (place, value) is the value that was set last.
filled as (
    select
        deal_key,
        crm_source,
        deal_id,
        occurred_at,
        coalesce(substr(max(place || status) over so_far, 18), 'open') as status,
        case when bool_or(is_loss) over so_far then 'lost' else 'open' end as status_by_reason,
        substr(max(place || stage) over so_far, 18) as stage,
        substr(max(place || owner) over so_far, 18) as owner,
        {%- for field in terms %}
        nullif(substr(max(place || {{ field }}) over so_far, 18), '') as {{ field }},
        {%- endfor %}
        old_stage,
        old_owner,
        place || old_stage as placed_old_stage,
        place || old_owner as placed_old_owner,
        place || closed_date as placed_closed_date,
        status as told_status,
        is_deletion,
        _loaded_at
    from moments
    window so_far as (partition by deal_key order by occurred_at rows unbounded preceding)
),

-- Before its first change a field had that change's old value.
compared as (
    select
        *,
        lag(status) over deal as previous_status,
        lag(status_by_reason) over deal as previous_status_by_reason,
        (
            (nullif(stage, '') is distinct from nullif(coalesce(lag(stage) over deal, old_stage), ''))
            or (nullif(owner, '') is distinct from nullif(coalesce(lag(owner) over deal, old_owner), ''))
            or (array[{{ terms | join(', ') }}] is distinct from lag(array[{{ terms | join(', ') }}]) over deal)
        ) as has_other_terms,
        substr(min(placed_old_stage) over deal, 18) as first_stage,
        substr(min(placed_old_owner) over deal, 18) as first_owner,
        max(placed_closed_date) over deal as last_closed_date,
        max(occurred_at) filter (where told_status <> 'won') over deal as last_not_won_at,
        max(occurred_at) filter (where told_status <> 'lost') over deal as last_not_lost_at,
        max(occurred_at) filter (where is_deletion is not null) over deal as last_status_at,
        max(occurred_at) filter (where is_deletion) over deal as last_deletion_at,
        max(_loaded_at) over deal as deal_loaded_at
    from filled
    window deal as (partition by deal_key order by occurred_at rows between unbounded preceding and unbounded following)
),

-- A deal without a status log is lost whenever a lost reason is set.
valued as (
    select
        *,
        case when last_status_at is null then status_by_reason else status end as deal_status,
        case when last_status_at is null then previous_status_by_reason else previous_status end as previous_deal_status
    from compared
    where (last_deletion_at = last_status_at) is not true
),

final as (
    select
        deal_key,
        crm_source,
        deal_id,
        row_number() over deal_states as state_number,
        occurred_at as valid_from,
        lead(occurred_at) over deal_states as valid_to,
        deal_status as status,
        nullif(coalesce(stage, first_stage), '') as stage_id,
        nullif(coalesce(owner, first_owner), '') as owner_id,
        amount::numeric(20, 4) as amount,
        currency,
        probability::numeric(9, 4) as probability,
        close_date::date as close_date,
        forecast_category,
        max(occurred_at) filter (where deal_status is distinct from previous_deal_status) over deal_states as closed_at,
        -- The CRM's own date is that of the closing that stands: no other status follows.
        case
            when occurred_at > coalesce(case deal_status when 'won' then last_not_won_at else last_not_lost_at end, '-infinity')
                then nullif(substr(last_closed_date, 18), '')::date
        end as crm_closed_date,
        min(occurred_at) over deal_states as first_seen_at,
        deal_loaded_at as _loaded_at
    from valued
    where has_other_terms or (deal_status is distinct from previous_deal_status)
    window deal_states as (partition by deal_key order by occurred_at rows unbounded preceding)
)

-- A closing that a reopening follows keeps its logged day.
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
    case when status in ('won', 'lost') then closed_at end as closed_at,
    case when status in ('won', 'lost') then coalesce(crm_closed_date, {{ cut_day('closed_at') }}) end as closed_date,
    first_seen_at,
    _loaded_at
from final
