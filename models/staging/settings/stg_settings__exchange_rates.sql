{{ choose_settings(
    'exchange_rates',
    key_columns=['from_currency', 'to_currency', 'valid_from'],
    expressions={
        'from_currency': "nullif(upper(btrim(from_currency)), '')",
        'to_currency': "nullif(upper(btrim(to_currency)), '')",
    },
) }}
