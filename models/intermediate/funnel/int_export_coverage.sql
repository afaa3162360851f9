-- Grain: one row per CRM that is loaded: what its export tells. What it does not tell is unknown in every report, not zero.
-- A table that marts look things up in (meta.is_reference).
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_all',
        on_schema_change='fail',
        meta={'is_reference': true, 'distribute_by': 'everywhere'},
    )
}}

-- Not materialized: each is asked for one row of a CRM, not for all of them.
with timeline as not materialized (
    select * from {{ ref('int_deal_timeline') }}
),

attributes as not materialized (
    select * from {{ ref('int_deal_attributes') }}
),

activities as not materialized (
    select * from {{ ref('int_activities') }}
),

stages as (
    select * from {{ ref('int_stages') }}
),

-- Materialized, so that the views are planned for these columns only, and not again for each place that uses one: that takes longer
-- than the answer.
crms as materialized (
    select
        listed.crm_source,
        listed.crm_source in (select stages.crm_source from stages) as has_stages,
        exists(
            select 1
            from attributes
            where attributes.crm_source = listed.crm_source
        ) as has_deals,
        exists(
            select 1
            from activities
            where activities.crm_source = listed.crm_source
        ) as has_activities
    from (
        values
        {%- for crm in crms() %}
        ('{{ crm }}'){{ ',' if not loop.last }}
        {%- endfor %}
    ) as listed (crm_source)
),

final as (
    select
        crms.crm_source,
        exists(
            select 1
            from timeline
            where
                timeline.crm_source = crms.crm_source
                and timeline.has_status_log
        ) as knows_statuses,
        exists(
            select 1
            from timeline
            where
                timeline.crm_source = crms.crm_source
                and timeline.lost_reason_id is not null
        ) as knows_lost_reasons,
        crms.has_deals as knows_deals,
        exists(
            select 1
            from activities
            where
                activities.crm_source = crms.crm_source
                and activities.is_done
        ) as knows_calls
    from crms
    where crms.has_stages or crms.has_deals or crms.has_activities
)

select * from final
