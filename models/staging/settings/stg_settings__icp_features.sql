{{ choose_settings('icp_features', key_columns=['feature']) }}
