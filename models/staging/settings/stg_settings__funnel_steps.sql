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
        with_origin=true,
    ) }}
),

final as (
    select
        crm_source,
        pipeline_id,
        step_order,
        funnel_step,
        kpi_name,
        event_type,
        source_value,
        parent_step,
        is_own,
        file_position
    from chosen
)

select * from final
