-- Grain: one row per CRM and stage. Won and lost of Pipedrive are states of a deal, not stages.
with pipedrive as (
    select * from {{ ref('stg_pipedrive__stages') }}
    where not is_deleted
),

salesforce as (
    select * from {{ ref('stg_salesforce__opportunity_stages') }}
    where not is_deleted
),

stages as (
    select
        'pipedrive' as crm_source,
        stage_id::text as stage_id,
        pipeline_id,
        stage_name,
        stage_order,
        deal_probability as default_probability,
        false as is_closed,
        false as is_won,
        _loaded_at
    from pipedrive
    union all
    select
        'salesforce' as crm_source,
        stage_name as stage_id,
        null as pipeline_id,
        stage_label as stage_name,
        stage_order,
        default_probability,
        is_closed,
        is_won,
        _loaded_at
    from salesforce
),

final as (
    select
        *,
        row_number() over (partition by crm_source, pipeline_id order by stage_order, stage_id) as stage_rank
    from stages
)

select * from final
