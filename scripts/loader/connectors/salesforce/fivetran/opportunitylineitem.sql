-- mode: full, optional. The first sync brings every row, and Fivetran removes none: it marks what is deleted.
-- needs opportunity_line_item: id, opportunity_id/opportunityid
-- takes opportunity_line_item: product_2_id/product2id, product_code/productcode, quantity, unit_price/unitprice
-- takes opportunity_line_item: total_price/totalprice, is_deleted/isdeleted, _fivetran_deleted
-- newest of opportunity_line_item: id by _fivetran_start
-- lacks: nothing
select
    id,
    opportunity_id as opportunityid,
    product_2_id as product2id,
    product_code as productcode,
    quantity,
    unit_price as unitprice,
    total_price as totalprice,
    is_deleted as isdeleted,
    coalesce(_fivetran_deleted = 'true', false) as _is_deleted
from opportunity_line_item
