{{ choose_settings(
    'executive_thresholds',
    key_columns=['metric', 'threshold'],
    columns={
        'metric': "nullif(btrim(metric), '')",
        'is_risk_below': 'is_risk_below',
        'threshold': 'threshold',
        'severity': "nullif(btrim(severity), '')",
        'insight': "nullif(btrim(insight), '')",
        'recommendation': "nullif(btrim(recommendation), '')",
    },
) }}
