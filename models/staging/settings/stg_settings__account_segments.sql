{{ choose_settings(
    'account_segments',
    key_columns=['segment'],
    columns={
        'segment': "nullif(btrim(segment), '')",
        'min_employees': 'min_employees',
        'max_employees': 'max_employees',
    },
) }}
