{{ choose_settings(
    'icp_features',
    key_columns=['feature'],
    columns={
        'feature': "nullif(btrim(feature), '')",
        'weight': 'weight',
    },
) }}
