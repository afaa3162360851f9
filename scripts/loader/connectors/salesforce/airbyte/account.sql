-- mode: delta, optional. A stream has a start date: what lies before it is missing, not deleted.
-- needs account: id
-- takes account: name, industry, type, annualrevenue, numberofemployees, billingcountry, parentid, ownerid, createddate
-- takes account: ispersonaccount, isdeleted
-- newest of account: id by _airbyte_extracted_at/_airbyte_emitted_at
-- lacks: rows from before the stream's start date
select
    id,
    name,
    industry,
    type,
    annualrevenue,
    numberofemployees,
    billingcountry,
    parentid,
    ownerid,
    createddate,
    ispersonaccount,
    coalesce(isdeleted = 'true', false) as _is_deleted
from account
