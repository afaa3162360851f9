{{ choose_settings('revenue_bands', key_columns=['revenue_band']) }}
