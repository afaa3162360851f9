{{ choose_settings('alert_thresholds', key_columns=['metric', 'severity']) }}
