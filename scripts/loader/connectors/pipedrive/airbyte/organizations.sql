-- mode: delta, optional. A sync that starts anew holds the organisations of the last 30 days alone.
-- needs organizations: id
-- takes organizations: name, industry, address_country/country_code, employee_count, annual_revenue, owner_id, add_time
-- takes organizations: active_flag, is_deleted
-- newest of organizations: id by _airbyte_extracted_at/_airbyte_emitted_at
-- lacks: organisations that did not change in the 30 days before the first sync
--
-- In the first version of the API the owner is an object.
select
    id,
    name,
    industry,
    address_country as country,
    employee_count,
    annual_revenue,
    case when owner_id like '{%' then substring(owner_id from '"value": *([0-9]+)') else owner_id end as owner_id,
    add_time,
    coalesce(is_deleted = 'true', false) or coalesce(active_flag = 'false', false) as _is_deleted
from organizations
