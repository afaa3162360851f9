{{ choose_settings(
    'lost_reasons',
    key_columns=['lost_reason'],
    columns={
        'lost_reason': "nullif(btrim(lost_reason), '')",
    },
) }}
