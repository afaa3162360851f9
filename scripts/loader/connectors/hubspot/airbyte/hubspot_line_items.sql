-- mode: delta, optional. A stream has a start date: what lies before it is missing, not deleted.
-- needs deals: id, line_items
-- newest of deals: id by _airbyte_extracted_at/_airbyte_emitted_at
-- needs line_items: id
-- takes line_items: archived, createdat, properties_hs_product_id, properties_name, properties_quantity, properties_price
-- takes line_items: properties_amount, properties_hs_line_item_currency_code, properties_createdate
-- newest of line_items: id by _airbyte_extracted_at/_airbyte_emitted_at
-- lacks: rows from before the stream's start date
select distinct
    line_items.id as line_item_id,
    deals.id as deal_id,
    line_items.properties_hs_product_id as product_id,
    line_items.properties_name as name,
    line_items.properties_quantity as quantity,
    line_items.properties_price as price,
    line_items.properties_amount as amount,
    line_items.properties_hs_line_item_currency_code as currency,
    coalesce(line_items.properties_createdate, line_items.createdat) as createdate,
    line_items.archived
from deals
cross join lateral json_array_elements_text(deals.line_items::json) as item (id)
inner join line_items
    on item.id = line_items.id
