{{ choose_settings('account_segments', key_columns=['segment']) }}
