-- Grain: one row per CRM and lost reason that may be read: the options of the CRM, the texts that are listed or shared by at least
-- 5 deals of at least 2 owners, 'Other' for every other text, and 'Unknown' (no reason, or an id that is not listed).
-- Facts hold the key of a text alone, so that a text that comes to be shared, or ceases to be, changes no fact.
with field_options as (
    select
        *,
        'pipedrive' as crm_source
    from {{ ref('int_field_options') }}
    where field_key = 'lost_reason'
),

settings as (
    select * from {{ ref('stg_settings__lost_reasons') }}
),

coverage as (
    select * from {{ ref('int_export_coverage') }}
),

losses as (
    select * from {{ ref('fct_deal_outcomes') }}
    where
        outcome = 'lost'
        and lost_reason_id like 'text:%'
),

texts as (
    select
        crm_source,
        lost_reason_id,
        count(distinct deal_key) >= 5 and count(distinct nullif(owner_id, 'Unknown')) >= 2 as is_shared
    from losses
    group by crm_source, lost_reason_id
),

known_texts as (
    select
        crm_source,
        lost_reason_id
    from texts
    where is_shared
),

-- The only place where a text is read. Without a shared text no log is searched at all.
logged_texts as (
    select
        'pipedrive' as crm_source,
        new_value as lost_reason
    from {{ ref('stg_pipedrive__deal_changes') }}
    where
        field_key = 'lost_reason'
        and not is_deleted
        and exists (select 1 from known_texts)
    union all
    select
        'hubspot' as crm_source,
        value as lost_reason
    from {{ ref('stg_hubspot__deal_property_history') }}
    where
        property = 'closed_lost_reason'
        and not is_deleted
        and exists (select 1 from known_texts)
    union all
    select
        'hubspot' as crm_source,
        lost_reason
    from {{ ref('stg_hubspot__deals') }}
    where
        not is_deleted
        and exists (select 1 from known_texts)
),

shared_texts as (
    select
        crm_source,
        {{ lost_reason_key('lost_reason') }} as lost_reason_id,
        mode() within group (order by lost_reason) as lost_reason
    from logged_texts
    where (crm_source, {{ lost_reason_key('lost_reason') }}) in (
        select
            known_texts.crm_source,
            known_texts.lost_reason_id
        from known_texts
    )
    group by crm_source, {{ lost_reason_key('lost_reason') }}
),

named_texts as (
    select
        crm_source,
        {{ lost_reason_key('option_label') }} as lost_reason_id,
        option_label as lost_reason,
        2 as priority
    from field_options
    where option_label is not null
    union all
    select
        coverage.crm_source,
        {{ lost_reason_key('settings.lost_reason') }} as lost_reason_id,
        settings.lost_reason,
        3 as priority
    from settings
    cross join coverage
    union all
    select
        crm_source,
        lost_reason_id,
        lost_reason,
        4 as priority
    from shared_texts
),

reasons as (
    select
        crm_source,
        {{ lost_reason_key('option_id') }} as lost_reason_id,
        coalesce(option_label, 'Unknown') as lost_reason,
        1 as priority
    from field_options
    union all
    select named_texts.*
    from named_texts
    inner join texts
        on
            named_texts.crm_source = texts.crm_source
            and named_texts.lost_reason_id = texts.lost_reason_id
    union all
    select
        coverage.crm_source,
        members.lost_reason_id,
        members.lost_reason,
        0 as priority
    from coverage
    cross join (values ('unknown', 'Unknown'), ('other', 'Other')) as members (lost_reason_id, lost_reason)
),

final as (
    select distinct on (crm_source, lost_reason_id)
        crm_source,
        lost_reason_id,
        lost_reason
    from reasons
    order by crm_source asc, lost_reason_id asc, priority asc, lost_reason asc
)

select * from final
