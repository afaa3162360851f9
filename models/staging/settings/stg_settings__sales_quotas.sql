{{ choose_settings(
    'sales_quotas',
    key_columns=['crm_source', 'owner_id', 'quarter'],
    expressions={
        'crm_source': "nullif(lower(btrim(crm_source)), '')",
        'currency': "nullif(upper(btrim(currency)), '')",
    },
) }}
