-- Names (masked in the marts) of the owners that the filter offers; a name is not unique, an id within a CRM is.
select
    crm_source as crm,
    owner_id as owner,
    owner_name_masked as name
from dim_owners
order by crm_source, owner_name_masked, owner_id
