{{ choose_settings(
    'alert_thresholds',
    key_columns=['metric', 'severity'],
    columns={
        'metric': "nullif(btrim(metric), '')",
        'severity': "nullif(btrim(severity), '')",
        'direction': "nullif(btrim(direction), '')",
        'threshold': 'threshold::numeric(20, 10)',
        'min_base': 'min_base',
        'insight': "nullif(btrim(insight), '')",
        'recommendation': "nullif(btrim(recommendation), '')",
    },
) }}
