-- mode: full, optional. The first sync brings every row, and Fivetran removes none: it marks what is deleted.
-- needs account: id
-- takes account: name, industry, type, annual_revenue/annualrevenue, number_of_employees/numberofemployees
-- takes account: billing_country/billingcountry, parent_id/parentid, owner_id/ownerid
-- takes account: created_date/createddate, is_person_account/ispersonaccount
-- takes account: is_deleted/isdeleted, _fivetran_deleted
-- newest of account: id by _fivetran_start
-- lacks: nothing
select
    id,
    name,
    industry,
    type,
    annual_revenue as annualrevenue,
    number_of_employees as numberofemployees,
    billing_country as billingcountry,
    parent_id as parentid,
    owner_id as ownerid,
    created_date as createddate,
    is_person_account as ispersonaccount,
    coalesce('true' in (is_deleted, _fivetran_deleted), false) as _is_deleted
from account
