-- Grain: one row per lost reason that may be read: the options of the CRM, the texts that are listed or shared by at least
-- 5 deals of at least 2 owners, 'Other' for every other text, and 'Unknown' (no reason, or an id that is not listed).
-- Facts hold the key of a text alone, so that a text that comes to be shared, or ceases to be, changes no fact.
with field_options as (
    select * from {{ ref('int_field_options') }}
    where field_key = 'lost_reason'
),

settings as (
    select * from {{ ref('stg_settings__lost_reasons') }}
),

losses as (
    select * from {{ ref('fct_deal_outcomes') }}
    where
        outcome = 'lost'
        and lost_reason_id like 'text:%'
),

texts as (
    select
        lost_reason_id,
        count(distinct deal_id) >= 5 and count(distinct nullif(owner_id, 0)) >= 2 as is_shared
    from losses
    group by lost_reason_id
),

known_texts as (
    select lost_reason_id
    from texts
    where is_shared
),

-- The only place where a text is read. Without a shared text the log is not searched at all.
shared_texts as (
    select
        {{ lost_reason_key('new_value') }} as lost_reason_id,
        mode() within group (order by new_value) as lost_reason
    from {{ ref('stg_pipedrive__deal_changes') }}
    where
        field_key = 'lost_reason'
        and not is_deleted
        and exists (select 1 from known_texts)
        and {{ lost_reason_key('new_value') }} in (select known_texts.lost_reason_id from known_texts)
    group by {{ lost_reason_key('new_value') }}
),

named_texts as (
    select
        {{ lost_reason_key('option_label') }} as lost_reason_id,
        option_label as lost_reason,
        2 as priority
    from field_options
    where option_label is not null
    union all
    select
        {{ lost_reason_key('lost_reason') }} as lost_reason_id,
        lost_reason,
        3 as priority
    from settings
    union all
    select
        lost_reason_id,
        lost_reason,
        4 as priority
    from shared_texts
),

reasons as (
    select
        {{ lost_reason_key('option_id') }} as lost_reason_id,
        coalesce(option_label, 'Unknown') as lost_reason,
        1 as priority
    from field_options
    union all
    select
        named_texts.lost_reason_id,
        named_texts.lost_reason,
        named_texts.priority
    from named_texts
    inner join texts on named_texts.lost_reason_id = texts.lost_reason_id
    union all
    select
        members.lost_reason_id,
        members.lost_reason,
        0 as priority
    from (values ('unknown', 'Unknown'), ('other', 'Other')) as members (lost_reason_id, lost_reason)
),

final as (
    select distinct on (lost_reason_id)
        lost_reason_id,
        lost_reason
    from reasons
    order by lost_reason_id asc, priority asc, lost_reason asc
)

select * from final
