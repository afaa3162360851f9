-- The fifty open deals that have been moved the farthest: how often, by how many days, and when they were first due.
select
    crm_source,
    deal_id,
    account_name,
    owner_name_masked,
    stage_name,
    reporting_amount,
    first_close_date,
    current_close_date,
    slips_count,
    total_days_moved
from {{ ref('fct_deals') }}
where
    status = 'open'
    and is_slipped
order by total_days_moved desc, deal_key asc
limit 50
