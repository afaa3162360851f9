-- mode: delta, optional. Salesforce keeps 18 to 24 months of it, which Fivetran may read anew.
-- needs opportunity_field_history: id, opportunity_id/opportunityid, field, old_value/oldvalue, new_value/newvalue
-- needs opportunity_field_history: created_date/createddate
-- newest of opportunity_field_history: id by _fivetran_start
-- lacks: changes of owner, where the table is not synced
select
    opportunity_id as opportunityid,
    field,
    old_value as oldvalue,
    new_value as newvalue,
    created_date as createddate
from opportunity_field_history
