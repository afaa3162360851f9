{{ choose_settings('funnel_dimensions', key_columns=['file_name', 'column_name'], expressions={
    'file_name': "lower(btrim(file_name))",
    'column_name': "lower(btrim(column_name))",
}) }}
