{{ choose_settings(
    'amount_bands',
    key_columns=['amount_band'],
    columns={
        'amount_band': "nullif(btrim(amount_band), '')",
        'min_amount': 'min_amount',
        'max_amount': 'max_amount',
    },
) }}
