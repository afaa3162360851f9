-- mode: full, optional. The first sync brings every row, and Fivetran removes none: it marks what is deleted.
-- needs line_item: id
-- takes line_item: product_id, property_name, property_quantity, property_price, property_amount
-- takes line_item: property_hs_line_item_currency_code, property_createdate, is_deleted, _fivetran_deleted
-- needs line_item_deal: line_item_id, deal_id
-- lacks: nothing
select distinct
    line_item.id as line_item_id,
    line_item_deal.deal_id,
    line_item.product_id,
    line_item.property_name as name,
    line_item.property_quantity as quantity,
    line_item.property_price as price,
    line_item.property_amount as amount,
    line_item.property_hs_line_item_currency_code as currency,
    line_item.property_createdate as createdate,
    line_item.is_deleted as archived,
    coalesce(line_item._fivetran_deleted = 'true', false) as _is_deleted
from line_item
inner join line_item_deal
    on line_item.id = line_item_deal.line_item_id
