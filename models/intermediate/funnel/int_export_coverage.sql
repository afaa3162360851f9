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

with timeline as (
    select * from {{ ref('int_deal_timeline') }}
),

attributes as (
    select * from {{ ref('int_deal_attributes') }}
),

activities as (
    select * from {{ ref('int_activities') }}
),

stages as (
    select * from {{ ref('int_stages') }}
),

crms as (
    select crm_source
    from stages
    union
    select crm_source
    from activities
    union
    select crm_source
    from attributes
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
        exists(
            select 1
            from attributes
            where attributes.crm_source = crms.crm_source
        ) as knows_deals,
        exists(
            select 1
            from activities
            where
                activities.crm_source = crms.crm_source
                and activities.is_done
        ) as knows_calls
    from crms
)

select * from final
