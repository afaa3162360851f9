{{ choose_settings(
    'sales_quotas',
    key_columns=['crm_source', 'owner_id', 'quarter'],
    columns={
        'crm_source': "nullif(lower(btrim(crm_source)), '')",
        'owner_id': "nullif(btrim(owner_id), '')",
        'quarter': 'quarter',
        'quota': 'quota',
        'currency': "nullif(upper(btrim(currency)), '')",
    },
) }}
