-- Grain: one row per deal, moment and field that changed then, in the shape of int_deal_events. Salesforce logs whole rows;
-- this holds what differs from the row before, so it is a table: half as many rows, and no consumer compares them again.
-- Of a deal without such rows int_salesforce__tracked_rows has the like.
-- The opportunity's own row has the last word: where it differs from the history, the difference counts from the row's last
-- modification, or, where it is the closing, from the end of the day it closed on.
-- Incremental: watermark = newest _loaded_at held; key = deal_key. Late, corrected and deleted rows replace all of the deal; one
-- that is gone or deleted in Salesforce disappears.
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

{% set terms = ['stage', 'amount', 'probability', 'close_date', 'forecast_category'] %}
{% set user_id = '^005[0-9A-Za-z]{12,15}$' %}

with opportunities as (
    select
        *,
        case when {{ is_plausible_date('created_at') }} then created_at end as known_created_at,
        case when {{ is_plausible_date('modified_at') }} then modified_at end as known_modified_at,
        case when {{ is_plausible_date('close_date', is_date=true) }} then close_date end as known_close_date
    from {{ ref('stg_salesforce__opportunities') }}
    where not is_deleted
),

-- Of an opportunity whose log it does not have Fivetran keeps versions, whose ids hold an @; the first counts from the creation on.
history as (
    select
        deal_key,
        opportunity_id,
        changed_at,
        first_loaded_at,
        log_position,
        stage_name,
        amount,
        probability,
        close_date,
        forecast_category,
        coalesce(position('@' in history_id) > 0, false) as is_version,
        _loaded_at
    from {{ ref('stg_salesforce__opportunity_history') }}
    where not is_deleted
    union all
    select
        deal_key,
        opportunity_id,
        changed_at,
        first_loaded_at,
        log_position,
        stage_name,
        amount,
        probability,
        close_date,
        forecast_category,
        false as is_version,
        _loaded_at
    from {{ ref('int_salesforce__tracked_rows') }}
),

whole_rows as (
    select
        *,
        case when {{ is_plausible_date('close_date', is_date=true) }} then close_date end as known_close_date
    from history
    where {{ is_plausible_date('changed_at') }}
),

owner_rows as (
    select * from {{ ref('stg_salesforce__opportunity_field_history') }}
    where
        field_name = 'Owner'
        and not is_deleted
        and {{ is_plausible_date('changed_at') }}
),

-- Salesforce logs an owner as an id and once more as a name, which is not read. Another system's ids have a shape of their own.
owner_changes as (
    select owner_rows.*
    from owner_rows
    left join opportunities on owner_rows.deal_key = opportunities.deal_key
    where
        owner_rows.new_value ~ case
            when opportunities.owner_id !~ '{{ user_id }}' then '^[^\s@]*[0-9][^\s@]*$' else '{{ user_id }}'
        end
),

stages as (
    select * from {{ ref('stg_salesforce__opportunity_stages') }}
    where not is_deleted
),

-- Two streams of rows, each of which tells the same fields in all its rows: the terms of the deal, and its owner.
rows_told as (
    select
        opportunities.deal_key,
        opportunities.opportunity_id as deal_id,
        streams.stream,
        kinds.kind,
        kinds.priority::smallint as priority,
        case kinds.kind when 'created' then opportunities.known_created_at else opportunities.known_modified_at end as occurred_at,
        opportunities._loaded_at as first_loaded_at,
        0::bigint as log_position,
        false as is_version,
        opportunities.known_created_at as created_at,
        opportunities.pipeline_id,
        -- Salesforce lets people date a closing ahead; it closed no later than it was last modified.
        case when opportunities.is_closed then least(opportunities.known_close_date, {{ cut_day('opportunities.known_modified_at') }}) end
            as closed_date,
        case when opportunities.is_won then 'won' when opportunities.is_closed then 'lost' else 'open' end as status,
        opportunities.stage_name as stage,
        opportunities.amount,
        opportunities.probability,
        opportunities.known_close_date as close_date,
        opportunities.forecast_category,
        opportunities.currency,
        opportunities.owner_id as owner,
        null::text as old_owner,
        opportunities._loaded_at
    from opportunities
    cross join (values ('created', 0), ('now', 2)) as kinds (kind, priority)
    cross join (values ('terms'), ('owner')) as streams (stream)
    union all
    select
        whole_rows.deal_key,
        whole_rows.opportunity_id as deal_id,
        'terms' as stream,
        'history' as kind,
        1 as priority,
        whole_rows.changed_at as occurred_at,
        whole_rows.first_loaded_at,
        whole_rows.log_position,
        whole_rows.is_version,
        null as created_at,
        null as pipeline_id,
        null as closed_date,
        case when stages.is_won then 'won' when stages.is_closed then 'lost' when not stages.is_closed then 'open' end as status,
        whole_rows.stage_name as stage,
        whole_rows.amount,
        whole_rows.probability,
        whole_rows.known_close_date as close_date,
        whole_rows.forecast_category,
        null as currency,
        null as owner,
        null as old_owner,
        greatest(whole_rows._loaded_at, stages._loaded_at) as _loaded_at
    from whole_rows
    left join stages on whole_rows.stage_name = stages.stage_name
    union all
    select
        deal_key,
        opportunity_id as deal_id,
        'owner' as stream,
        'owner' as kind,
        1 as priority,
        changed_at as occurred_at,
        first_loaded_at,
        log_position,
        false as is_version,
        null as created_at,
        null as pipeline_id,
        null as closed_date,
        null as status,
        null as stage,
        null as amount,
        null as probability,
        null as close_date,
        null as forecast_category,
        null as currency,
        new_value as owner,
        old_value as old_owner,
        _loaded_at
    from owner_changes
),

deals as (
    select
        *,
        bool_or(kind = 'now') over deal as is_held,
        bool_or(kind = 'history') over deal as has_history,
        bool_or(kind = 'history' and not is_version) over deal as has_own_history,
        max(status) filter (where kind = 'now') over deal as status_now,
        max(stage) filter (where kind = 'now') over deal as stage_now,
        max(closed_date) over deal as deal_closed_date,
        max(pipeline_id) over deal as deal_pipeline_id,
        max(created_at) over deal as deal_created_at,
        max(occurred_at) filter (where kind in ('history', 'owner')) over deal as last_logged_at,
        case stream
            when 'terms' then max(occurred_at) filter (where kind = 'history') over deal
            else max(occurred_at) filter (where kind = 'owner') over deal
        end as stream_logged_at,
        max(_loaded_at) over deal as deal_loaded_at,
        -- Of the creation, which is always followed by a row of its own stream.
        lead(kind) over deal as next_kind,
        lead(old_owner) over deal as next_old_owner
    from rows_told
    {{ only_changed_deals() }}
    window deal as (
        partition by deal_key
        order by stream, priority, occurred_at, first_loaded_at, log_position
        rows between unbounded preceding and unbounded following
    )
),

-- What each row tells. Where there is a history it knows the terms, the creation does not; and of a deal that was closed
-- without any history nobody knows the stage that it began in. Closed, nobody knows when, and nothing logged: no timeline,
-- instead of one that stays open for ever. Where Salesforce's own log was loaded before, the first version says nothing of the creation.
told as (
    select
        *,
        case
            when kind = 'created' then 'open'
            when kind = 'history' and status is null and stage = stage_now then status_now
            -- Of a stage that no list names: the one that it was closed in is known, and Salesforce's own two; any other counts as open.
            when kind = 'history' and status is null and stage is not null
                then case stage when 'Closed Won' then 'won' when 'Closed Lost' then 'lost' else 'open' end
            else status
        end as told_status,
        {%- for term in terms %}
        case
            when kind <> 'created' or not (has_history {%- if term in ['stage', 'probability', 'forecast_category'] %} or status <> 'open'{% endif %})
                then {{ term }}
        end as told_{{ term }},
        {%- endfor %}
        case when kind = 'created' and next_kind = 'owner' then next_old_owner else owner end as told_owner
    from deals
    where
        is_held
        and (has_history or status_now = 'open' or deal_closed_date is not null)
        and (kind <> 'created' or occurred_at is not null)
        and not (is_version and has_own_history and occurred_at is not distinct from deal_created_at)
),

compared as (
    select
        *,
        lag(kind) over stream_rows as previous_kind,
        lag(told_status) over stream_rows as previous_status,
        {%- for term in terms %}
        lag(told_{{ term }}) over stream_rows as previous_{{ term }},
        {%- endfor %}
        lag(told_owner) over stream_rows as previous_owner,
        lag(currency) over stream_rows as previous_currency
    from told
    window stream_rows as (partition by deal_key, stream order by priority, occurred_at, first_loaded_at, log_position)
),

-- A closing that no log holds happens at the last moment of its day, but not before what is logged.
dated as (
    select
        *,
        case
            when kind <> 'now' then occurred_at
            when stream = 'terms' and status <> 'open' and (previous_status is distinct from status)
                then greatest({{ end_of_day('closed_date') }} - interval '1 microsecond', deal_created_at, last_logged_at)
            when stream_logged_at is null then coalesce(deal_created_at, occurred_at)
            else greatest(occurred_at, stream_logged_at)
        end as moment
    from compared
),

-- What the list does not tell, such as a column that was not exported, is as the log ends.
named as (
    select
        *,
        unnest(array_remove(
            array[
                case when kind = 'created' and stream = 'terms' then 'created' end,
                case when stream = 'terms' and pipeline_id is not null and (kind = 'created' or deal_created_at is null) then 'pipeline' end,
                case
                    when stream = 'terms' and kind <> 'created' and (told_status is distinct from previous_status) and told_status is not null
                        then 'status'
                end,
                case
                    when stream = 'terms' and (told_stage is distinct from previous_stage)
                        then case when told_status in ('won', 'lost') then 'closed_stage' else 'stage' end
                end,
                {%- for term in terms if term != 'stage' %}
                case
                    when
                        stream = 'terms' and (told_{{ term }} is distinct from previous_{{ term }})
                        and (kind <> 'now' or told_{{ term }} is not null)
                        then '{{ term }}'
                end,
                {%- endfor %}
                case when stream = 'terms' and kind = 'now' and closed_date is not null and close_date is not null then 'closed_date' end,
                case
                    when
                        stream = 'owner'
                        and (currency is distinct from previous_currency)
                        and (kind = 'created' or (kind = 'now' and previous_kind is null))
                        then 'currency'
                end,
                case
                    when stream = 'owner' and (told_owner is distinct from previous_owner) and (kind <> 'now' or told_owner is not null)
                        then 'owner'
                end
            ],
            null
        )) as field
    from dated
    where moment is not null
),

final as (
    select
        deal_key,
        'salesforce' as crm_source,
        deal_id,
        moment as occurred_at,
        priority,
        first_loaded_at,
        log_position,
        field,
        case field
            when 'created' then 'true'
            when 'pipeline' then pipeline_id
            when 'status' then told_status
            when 'stage' then {{ salesforce_stage_id('deal_pipeline_id', 'told_stage') }}
            when 'closed_stage' then {{ salesforce_stage_id('deal_pipeline_id', 'told_stage') }}
            when 'amount' then told_amount::text
            when 'probability' then told_probability::text
            when 'close_date' then told_close_date::text
            when 'forecast_category' then told_forecast_category
            when 'closed_date' then closed_date::text
            when 'currency' then currency
            when 'owner' then told_owner
        end as value,
        null::text as old_value,
        deal_loaded_at as _loaded_at
    from named
)

select * from final
