{{ choose_settings(
    'country_regions',
    key_columns=['country'],
    columns={
        'country': "nullif(btrim(country), '')",
        'region': "nullif(btrim(region), '')",
    },
) }}
