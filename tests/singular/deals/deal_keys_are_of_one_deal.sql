-- deal_key is a hash, by which deals are joined and replaced: two deals that shared one would be read as one. Both are named.
select
    deal_key,
    min(crm_source || ' ' || deal_id) as one_deal,
    max(crm_source || ' ' || deal_id) as another_deal
from {{ ref('dim_deals') }}
group by deal_key
having count(*) > 1
