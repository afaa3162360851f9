{{ choose_settings('amount_bands', key_columns=['amount_band']) }}
