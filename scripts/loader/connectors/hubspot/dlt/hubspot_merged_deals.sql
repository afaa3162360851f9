-- mode: delta, optional. What was merged stays merged.
-- needs deals: id
-- takes deals: hs_merged_object_ids
-- newest of deals: id by _dlt_load_id
-- lacks: any merge where the property hs_merged_object_ids is not configured
select distinct on (merged.id)
    deals.id as deal_id,
    merged.id as merged_deal_id
from deals
cross join lateral regexp_split_to_table(deals.hs_merged_object_ids, ' *[;,] *') as merged (id)
where merged.id <> ''
order by merged.id asc, length(deals.id) desc, deals.id desc
