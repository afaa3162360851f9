-- mode: delta, optional. A run merges into the table: what is gone in HubSpot stays, unless soft_delete is on.
-- needs companies: id
-- takes companies: name, industry, type, country, annualrevenue, numberofemployees, hs_parent_company_id
-- takes companies: hubspot_owner_id, createdate, is_deleted
-- newest of companies: id by _dlt_load_id
-- lacks: deletions where soft_delete is off; properties beginning with hs_ that are not configured
select
    id as company_id,
    name,
    industry,
    type,
    country,
    annualrevenue,
    numberofemployees,
    hs_parent_company_id,
    hubspot_owner_id,
    createdate,
    coalesce(is_deleted = 'true', false) as archived
from companies
