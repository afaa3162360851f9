{{ choose_settings(
    'conversion_horizons',
    key_columns=['horizon_days'],
    columns={
        'horizon_days': 'horizon_days',
    },
) }}
