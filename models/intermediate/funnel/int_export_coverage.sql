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

-- Not materialized: each is asked for one row, not for all of them.
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

crms as (
    {%- for crm in crms() %}
    select '{{ crm }}' as crm_source
    where
        exists (
            select 1
            from stages
            where stages.crm_source = '{{ crm }}'
        )
        or exists (
            select 1
            from attributes
            where attributes.crm_source = '{{ crm }}'
        )
        or exists (
            select 1
            from activities
            where activities.crm_source = '{{ crm }}'
        )
    {{ 'union all' if not loop.last }}
    {%- endfor %}
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
