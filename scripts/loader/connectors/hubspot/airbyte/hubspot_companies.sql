-- mode: delta, optional. A stream has a start date: what lies before it is missing, not deleted.
-- needs companies: id
-- takes companies: archived, createdat, properties_name, properties_industry, properties_type, properties_country
-- takes companies: properties_annualrevenue, properties_numberofemployees, properties_hs_parent_company_id
-- takes companies: properties_hubspot_owner_id, properties_createdate
-- newest of companies: id by _airbyte_extracted_at/_airbyte_emitted_at
-- lacks: rows from before the stream's start date
select
    id as company_id,
    properties_name as name,
    properties_industry as industry,
    properties_type as type,
    properties_country as country,
    properties_annualrevenue as annualrevenue,
    properties_numberofemployees as numberofemployees,
    properties_hs_parent_company_id as hs_parent_company_id,
    properties_hubspot_owner_id as hubspot_owner_id,
    coalesce(properties_createdate, createdat) as createdate,
    archived
from companies
