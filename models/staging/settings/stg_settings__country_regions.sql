{{ choose_settings('country_regions', key_columns=['country']) }}
