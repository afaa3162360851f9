-- Grain: one row per deal, moment and field set then, in the common shape of int_deal_events.
-- The deal's own row has the last word: where it differs from the history, the difference counts from the
-- row's last modification, or from its close date when the deal has no history at all.
with deals as (
    select
        *,
        case when {{ is_plausible_date('created_at') }} then created_at end as known_created_at,
        case when {{ is_plausible_date('modified_at') }} then modified_at end as known_modified_at,
        case when {{ is_plausible_date('close_date', is_date=true) }} then close_date end as known_close_date
    from {{ ref('stg_salesforce__opportunities') }}
    where not is_deleted
),

history as (
    select
        *,
        case when {{ is_plausible_date('close_date', is_date=true) }} then close_date end as known_close_date
    from {{ ref('stg_salesforce__opportunity_history') }}
    where
        not is_deleted
        and {{ is_plausible_date('changed_at') }}
),

owner_changes as (
    select * from {{ ref('stg_salesforce__opportunity_field_history') }}
    where
        field_name = 'Owner'
        and new_value ~ '^005[0-9A-Za-z]{12,15}$'
        and not is_deleted
        and {{ is_plausible_date('changed_at') }}
),

stages as (
    select * from {{ ref('stg_salesforce__opportunity_stages') }}
    where not is_deleted
),

events as (
    select
        deals.deal_key,
        deals.deal_id,
        kinds.kind,
        deals.known_created_at as created_at,
        coalesce({{ start_of_day('deals.known_close_date') }}, deals.known_modified_at) as closes_at,
        case kinds.kind when 'created' then deals.known_created_at else deals.known_modified_at end as occurred_at,
        0::bigint as log_position,
        deals._loaded_at as first_loaded_at,
        deals.stage_name as stage_id,
        case when deals.is_won then 'won' when deals.is_closed then 'lost' else 'open' end as status,
        deals.amount,
        deals.currency,
        deals.probability,
        deals.known_close_date as close_date,
        deals.owner_id,
        null::text as old_owner_id,
        deals._loaded_at
    from deals
    cross join (values ('created'), ('now')) as kinds (kind)
    union all
    select
        history.deal_key,
        history.deal_id,
        'history' as kind,
        null as created_at,
        null as closes_at,
        history.changed_at as occurred_at,
        history.log_position,
        history.first_loaded_at,
        history.stage_name as stage_id,
        case when stages.is_won then 'won' when stages.is_closed then 'lost' when not stages.is_closed then 'open' end as status,
        history.amount,
        null as currency,
        history.probability,
        history.known_close_date as close_date,
        null as owner_id,
        null as old_owner_id,
        greatest(history._loaded_at, stages._loaded_at) as _loaded_at
    from history
    left join stages on history.stage_name = stages.stage_name
    union all
    select
        deal_key,
        deal_id,
        'owner' as kind,
        null as created_at,
        null as closes_at,
        changed_at as occurred_at,
        log_position,
        first_loaded_at,
        null as stage_id,
        null as status,
        null as amount,
        null as currency,
        null as probability,
        null as close_date,
        new_value as owner_id,
        old_value as old_owner_id,
        _loaded_at
    from owner_changes
),

compared as (
    select
        *,
        bool_or(kind = 'history') over deal as has_history,
        max(created_at) over deal as deal_created_at,
        max(occurred_at) filter (where kind = 'history') over deal as last_history_at,
        -- The log names the first owner only as the old value of the first change.
        (
            min(
                array[
                    to_char(occurred_at at time zone 'UTC', 'YYYYMMDDHH24MISSUS'),
                    to_char(first_loaded_at at time zone 'UTC', 'YYYYMMDDHH24MISSUS'),
                    lpad(log_position::text, 12, '0'), old_owner_id
                ]
            )
            filter (where kind = 'owner') over deal
        )[4] as first_owner_id
    from events
    window deal as (partition by deal_key, deal_id)
),

dated as (
    select
        *,
        case
            when kind in ('history', 'owner') then occurred_at
            when kind = 'now' and has_history then greatest(occurred_at, last_history_at)
            when kind = 'now' and status = 'open' then coalesce(deal_created_at, occurred_at)
            when kind = 'now' and closes_at is not null then greatest(closes_at, deal_created_at)
            -- Closed, nobody knows when: it has no timeline, instead of one that stays open for ever.
            when kind = 'created' and (has_history or status = 'open' or closes_at is not null) then occurred_at
        end as moment,
        kind <> 'created' or not has_history as knows_terms
    from compared
),

final as (
    select
        'salesforce' as crm_source,
        dated.deal_key,
        dated.deal_id,
        dated.moment as occurred_at,
        case dated.kind when 'created' then 0 when 'now' then 2 else 1 end as event_order,
        dated.log_position,
        dated.first_loaded_at,
        fields.field,
        fields.value,
        dated._loaded_at
    from dated
    cross join
        lateral (
            values
            ('exists', 'true', dated.kind = 'now'),
            ('status', case when dated.kind = 'created' then 'open' else dated.status end, dated.kind <> 'owner' and dated.status is not null),
            ('stage', dated.stage_id, dated.kind <> 'owner' and dated.knows_terms and (dated.kind <> 'created' or dated.status = 'open')),
            ('amount', dated.amount::text, dated.kind <> 'owner' and dated.knows_terms),
            (
                'probability',
                dated.probability::text,
                dated.kind <> 'owner' and dated.knows_terms and (dated.kind <> 'created' or dated.status = 'open')
            ),
            ('close_date', dated.close_date::text, dated.kind <> 'owner' and dated.knows_terms),
            -- A closed deal's close date is the day it closed on; of an open one it is a promise.
            (
                'closed_date',
                case when dated.kind <> 'created' and dated.status in ('won', 'lost') then dated.close_date::text end,
                dated.kind <> 'owner' and dated.status is not null
            ),
            ('currency', dated.currency, dated.kind in ('created', 'now')),
            (
                'owner',
                case when dated.kind = 'created' then coalesce(dated.first_owner_id, dated.owner_id) else dated.owner_id end,
                dated.kind <> 'history'
            )
        ) as fields (field, value, is_set)
    where fields.is_set
)

select * from final
