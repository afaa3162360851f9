-- Grain: one row per deal and change of outcome (won, lost, deleted, reopened), with stage and owner at that moment.
-- Incremental: watermark = newest _loaded_at held; key = deal_key. Late, corrected and deleted rows replace all outcomes
-- of the deal; a deal without outcomes, or deleted in its CRM, disappears.
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_deals',
        meta={'distribute_by': 'deal_key'},
        pre_hook="{{ collect_changed_deals() }}",
        indexes=[{'columns': ['_loaded_at']}],
    )
}}

with outcomes as (
    select * from {{ ref('int_deal_outcomes') }}
    {{ only_changed_deals() }}
),

deals as (
    select * from {{ ref('dim_deals') }}
    {{ only_changed_deals() }}
),

owners as (
    select * from {{ ref('dim_deal_owner_history') }}
    {{ only_changed_deals() }}
),

stages as (
    select * from {{ ref('int_stages') }}
),

final as (
    select
        outcomes.deal_key,
        outcomes.crm_source,
        outcomes.deal_id,
        outcomes.outcome_number::integer as outcome_number,
        outcomes.outcome,
        outcomes.occurrence_number::integer as occurrence_number,
        outcomes.is_final,
        coalesce(outcomes.last_pipeline_id, stages.pipeline_id, {{ default_pipeline('outcomes.crm_source') }}) as pipeline_id,
        outcomes.stage_id,
        coalesce(owners.owner_id, 'Unknown') as owner_id,
        outcomes.lost_reason_id,
        deals.is_id_collision,
        outcomes.occurred_at,
        coalesce(outcomes.closed_date, {{ cut_day('outcomes.occurred_at') }}) as occurred_date,
        date_trunc('month', coalesce(outcomes.closed_date, {{ cut_day('outcomes.occurred_at') }}))::date as occurred_month,
        {{ count_days('deals.first_changed_at', 'outcomes.occurred_at') }} as days_since_creation,
        greatest(outcomes._loaded_at, deals._loaded_at, owners._loaded_at) as _loaded_at
    from outcomes
    inner join deals on outcomes.deal_key = deals.deal_key
    left join stages
        on
            outcomes.crm_source = stages.crm_source
            and outcomes.last_stage_id = stages.stage_id
    {{ join_owner_at('outcomes', 'occurred_at') }}
)

select * from final
