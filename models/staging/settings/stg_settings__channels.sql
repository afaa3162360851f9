{{ choose_settings(
    'channels',
    key_columns=['spelling'],
    expressions={'spelling': "nullif(lower(btrim(spelling)), '')"},
) }}
