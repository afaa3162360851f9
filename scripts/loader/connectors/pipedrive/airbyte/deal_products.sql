-- mode: delta, optional. A sync that starts anew holds the lines of deals of the last 30 days alone.
-- needs deal_products: id, deal_id
-- takes deal_products: product_id, name, item_price, quantity, sum, currency, active_flag
-- newest of deal_products: id by _airbyte_extracted_at/_airbyte_emitted_at
-- lacks: lines of deals that did not change in the 30 days before the first sync; deletions
select
    id,
    deal_id,
    product_id,
    name,
    item_price,
    quantity,
    sum,
    currency,
    coalesce(active_flag = 'false', false) as _is_deleted
from deal_products
