{{ choose_settings(
    'channels',
    key_columns=['spelling'],
    columns={
        'spelling': "nullif(lower(btrim(spelling)), '')",
        'channel': "nullif(btrim(channel), '')",
        'utm_source': "nullif(btrim(utm_source), '')",
        'is_paid': 'is_paid',
    },
) }}
