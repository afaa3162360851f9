{{ choose_settings('conversion_horizons', key_columns=['horizon_days']) }}
