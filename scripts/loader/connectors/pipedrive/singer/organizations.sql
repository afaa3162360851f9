-- mode: delta, optional. A target for Singer adds rows and changes them, but removes none that the CRM no longer has.
-- needs organizations: id
-- takes organizations: name, address__country/address_country, owner_id, add_time, is_deleted
-- newest of organizations: id by _sdc_sequence/_sdc_batched_at
-- lacks: industries, employees and revenues; some deletions
select
    id,
    name,
    address__country as country,
    owner_id,
    add_time,
    coalesce(is_deleted = 'true', false) as _is_deleted
from organizations
