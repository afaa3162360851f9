-- A stage bears the same name in the stages export, in the options of the field stage_id and in the seed funnel_steps,
-- whatever the case. A renamed stage warns, since its step's name in reports is out of date; many are a wrong order.
{{ config(warn_if='> 0', error_if='> 3') }}
with deal_fields as (
    select * from {{ ref('stg_pipedrive__fields') }}
),

named_stages as (
    select
        stage_id::text as stage_id,
        stage_name
    from {{ ref('stg_pipedrive__stages') }}
    where not is_deleted
    union all
    select
        choices.choice ->> 'id' as stage_id,
        choices.choice ->> 'label' as stage_name
    from deal_fields
    cross join lateral jsonb_array_elements(deal_fields.field_options) as choices (choice)
    where
        deal_fields.field_key = 'stage_id'
        and not deal_fields.is_deleted
        and jsonb_typeof(deal_fields.field_options) = 'array'
    union all
    select
        source_value as stage_id,
        kpi_name as stage_name
    from {{ ref('dim_funnel_steps') }}
    where event_type = 'stage'
)

select
    stage_id,
    array_agg(distinct stage_name) as stage_names
from named_stages
group by stage_id
having count(distinct lower(stage_name)) > 1
