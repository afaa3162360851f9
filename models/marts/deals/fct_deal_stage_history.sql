-- Grain: one row per deal and stage visit, over every CRM.
-- Incremental: watermark = newest _loaded_at held; key = deal_key. Late, corrected and deleted log rows replace the deal's whole
-- timeline; a deal without visits, or deleted in its CRM, disappears. A changed stage replaces all, since moves follow its order.
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_deals',
        meta={'distribute_by': 'deal_key'},
        pre_hook="{{ collect_changed_deals() }}",
        indexes=[{'columns': ['_loaded_at']}],
    )
}}

with visits as (
    select * from {{ ref('int_deal_stage_visits') }}
    {{ only_changed_deals() }}
),

owners as (
    select * from {{ ref('dim_deal_owner_history') }}
    {{ only_changed_deals() }}
),

steps as (
    select * from {{ ref('int_funnel_steps') }}
    where event_type = 'stage'
),

final as (
    select
        visits.deal_key,
        visits.crm_source,
        visits.deal_id,
        visits.visit_number::integer as visit_number,
        (row_number() over (partition by visits.deal_key, visits.stage_id order by visits.visit_number))::integer as entry_number,
        visits.pipeline_id,
        visits.stage_id,
        visits.stage_name,
        coalesce(steps.funnel_step, 'Unknown') as funnel_step,
        coalesce(steps.kpi_name, 'Unknown') as kpi_name,
        coalesce(owners.owner_id, 'Unknown') as owner_id,
        visits.entered_by,
        visits.entered_at,
        visits.exited_at,
        {{ cut_month('visits.entered_at') }} as entered_month,
        {{ cut_month('visits.exited_at') }} as exited_month,
        {{ cut_fiscal_quarter(cut_day('visits.exited_at')) }} as exited_quarter,
        visits.next_stage_id,
        visits.moved,
        {{ count_days('visits.entered_at', 'visits.exited_at') }} as days_in_stage,
        greatest(visits._loaded_at, owners._loaded_at) as _loaded_at
    from visits
    {{ join_owner_at('visits', 'entered_at') }}
    left join steps
        on
            visits.crm_source = steps.crm_source
            and visits.pipeline_id = steps.pipeline_id
            and visits.stage_id = steps.source_value
)

select * from final
