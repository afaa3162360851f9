{{ choose_settings(
    'funnel_steps',
    key_columns=['pipeline_id', 'event_type', 'source_value'],
    nullable_key_columns=['crm_source'],
    expressions={
        'crm_source': "coalesce(nullif(lower(btrim(crm_source)), ''), 'pipedrive')",
        'source_value': funnel_step_source(),
    },
    with_origin=true,
) }}
