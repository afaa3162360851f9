-- mode: delta, optional. What was merged stays merged.
-- needs merged_deal: deal_id, merged_deal_id
-- lacks: nothing
select distinct on (merged_deal_id)
    deal_id,
    merged_deal_id
from merged_deal
order by merged_deal_id asc, length(deal_id) desc, deal_id desc
