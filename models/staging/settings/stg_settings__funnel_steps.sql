with chosen as (
    {{ choose_settings(
        'funnel_steps',
        key_columns=['pipeline_id', 'event_type', 'source_value'],
        nullable_key_columns=['crm_source'],
        columns={
            'crm_source': "coalesce(nullif(lower(btrim(crm_source)), ''), 'pipedrive')",
            'pipeline_id': "nullif(btrim(pipeline_id), '')",
            'step_order': 'step_order',
            'funnel_step': "nullif(btrim(funnel_step), '')",
            'kpi_name': "nullif(btrim(kpi_name), '')",
            'event_type': "nullif(btrim(event_type), '')",
            'source_value': "nullif(btrim(source_value), '')",
            'parent_step': "nullif(btrim(parent_step), '')",
        },
    ) }}
),

final as (
    select
        crm_source,
        case when pg_input_is_valid(pipeline_id, 'bigint') then pipeline_id::bigint end as pipeline_id,
        step_order,
        funnel_step,
        kpi_name,
        event_type,
        source_value,
        parent_step
    from chosen
    -- Until the funnel holds every CRM, it has Pipedrive's pipelines alone, whose ids are numbers.
    where pg_input_is_valid(pipeline_id, 'bigint')
)

select * from final
