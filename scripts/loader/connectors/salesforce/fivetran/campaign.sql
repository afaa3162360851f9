-- mode: full, optional. The first sync brings every row, and Fivetran removes none: it marks what is deleted.
-- needs campaign: id
-- takes campaign: name, type, actual_cost/actualcost, is_deleted/isdeleted, _fivetran_deleted
-- newest of campaign: id by _fivetran_start
-- lacks: nothing
select
    id,
    name,
    type,
    actual_cost as actualcost,
    coalesce('true' in (is_deleted, _fivetran_deleted), false) as _is_deleted
from campaign
