-- Losses of each CRM by reason and by the stage the deal was in.
select
    lost_deals.crm_source,
    lost_deals.lost_reason,
    coalesce(known_stages.stage_name, 'Before any stage') as stage_name,
    sum(lost_deals.losses_count) as losses,
    round(100 * {{ divide('sum(lost_deals.losses_count)', 'sum(sum(lost_deals.losses_count)) over crm') }}, 1) as percent_of_all
from {{ ref('rep_lost_deals_monthly') }} as lost_deals
left join {{ ref('dim_stages') }} as known_stages
    on
        lost_deals.crm_source = known_stages.crm_source
        and lost_deals.stage_id = known_stages.stage_id
group by lost_deals.crm_source, lost_deals.lost_reason, known_stages.stage_name
window crm as (partition by lost_deals.crm_source)
order by lost_deals.crm_source asc, losses desc
