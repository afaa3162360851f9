-- mode: delta, optional. A target for Singer adds rows and changes them, but removes none that the CRM no longer has.
-- needs deal_fields: key, name
-- takes deal_fields: id, options
-- newest of deal_fields: key by _sdc_sequence/_sdc_batched_at
-- lacks: deletions
select
    coalesce(id, key) as id,
    key as field_key,
    name,
    case when options like '[%' then options end as field_value_options
from deal_fields
