{{ choose_settings('deal_urls', key_columns=['crm_source'], expressions={'crm_source': "nullif(lower(btrim(crm_source)), '')"}) }}
