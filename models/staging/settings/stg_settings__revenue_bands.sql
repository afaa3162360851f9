{{ choose_settings(
    'revenue_bands',
    key_columns=['revenue_band'],
    columns={
        'revenue_band': "nullif(btrim(revenue_band), '')",
        'min_revenue': 'min_revenue',
        'max_revenue': 'max_revenue',
    },
) }}
