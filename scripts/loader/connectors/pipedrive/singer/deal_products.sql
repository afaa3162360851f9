-- mode: delta, optional. A target for Singer adds rows and changes them, but removes none that the CRM no longer has.
-- needs deal_products: id, deal_id
-- takes deal_products: product_id, name, item_price, quantity, sum, currency, active_flag
-- newest of deal_products: id by _sdc_sequence/_sdc_batched_at
-- lacks: deletions
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
