-- mode: delta, optional. What was merged stays merged.
-- needs deals: id, properties_hs_merged_object_ids
-- newest of deals: id by _airbyte_extracted_at/_airbyte_emitted_at
-- lacks: merges from before the stream's start date
select distinct on (merged.id)
    deals.id as deal_id,
    merged.id as merged_deal_id
from deals
cross join lateral regexp_split_to_table(deals.properties_hs_merged_object_ids, ' *[;,] *') as merged (id)
where merged.id <> ''
order by merged.id asc, length(deals.id) desc, deals.id desc
