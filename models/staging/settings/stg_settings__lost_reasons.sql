{{ choose_settings('lost_reasons', key_columns=['lost_reason']) }}
