-- mode: full, optional. The first sync brings every row, and Fivetran removes none: it marks what is deleted.
-- needs company: id
-- takes company: is_deleted, property_name, property_industry, property_type, property_country, property_annualrevenue
-- takes company: property_numberofemployees, property_hs_parent_company_id, property_hubspot_owner_id
-- takes company: property_createdate, _fivetran_deleted
-- lacks: nothing
select
    id as company_id,
    property_name as name,
    property_industry as industry,
    property_type as type,
    property_country as country,
    property_annualrevenue as annualrevenue,
    property_numberofemployees as numberofemployees,
    property_hs_parent_company_id as hs_parent_company_id,
    property_hubspot_owner_id as hubspot_owner_id,
    property_createdate as createdate,
    is_deleted as archived,
    coalesce(_fivetran_deleted = 'true', false) as _is_deleted
from company
