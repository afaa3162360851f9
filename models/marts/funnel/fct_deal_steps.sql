-- Grain: one row per deal, pipeline and stage step that the deal reached, by entering it or any later one.
-- Incremental: watermark = newest _loaded_at held; key = deal_key. Late, corrected and deleted rows replace all steps
-- of the deal; a deal without stage entries disappears.
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_deals',
        meta={'distribute_by': 'deal_key'},
        pre_hook="{{ collect_changed_deals() }}",
        indexes=[{'columns': ['_loaded_at']}],
    )
}}

with reached as (
    select * from {{ ref('int_deal_step_reach') }}
    {{ only_changed_deals() }}
),

owners as (
    select * from {{ ref('dim_deal_owner_history') }}
    {{ only_changed_deals() }}
),

final as (
    select
        reached.deal_key,
        reached.crm_source,
        reached.deal_id,
        reached.pipeline_id,
        reached.funnel_step,
        coalesce(owners.owner_id, 'Unknown') as owner_id,
        {{ cut_month('reached.cohort_at') }} as cohort_month,
        reached.reached_at,
        reached.entered_at,
        reached.is_implied,
        reached.entries_count,
        {{ count_days('reached.cohort_at', 'reached.reached_at') }} as days_to_reach,
        -- A case without else loses the scale, which the contract compares.
        (
            case
                when reached.next_reached_at >= reached.entered_at
                    then {{ count_days('reached.entered_at', 'reached.next_reached_at') }}
            end
        )::numeric(18, 6) as days_to_next_step,
        greatest(reached._loaded_at, owners._loaded_at) as _loaded_at
    from reached
    {{ join_owner_at('reached', 'cohort_at') }}
)

select * from final
