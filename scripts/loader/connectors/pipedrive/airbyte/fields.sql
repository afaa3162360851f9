-- mode: full, optional. Every sync brings all fields.
-- needs deal_fields: key, name
-- takes deal_fields: id, options
-- newest of deal_fields: key by _airbyte_extracted_at/_airbyte_emitted_at
-- lacks: nothing
select
    coalesce(id, key) as id,
    key as field_key,
    name,
    case when options like '[%' then options end as field_value_options
from deal_fields
