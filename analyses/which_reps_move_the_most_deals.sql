-- The twenty owners with the most stage entries in the last twelve months of the data.
select
    crm_source,
    owner_id,
    owner_name_masked,
    sum(activities_completed) as activities_completed,
    sum(deals_started) as deals_started,
    sum(stage_entries) as stage_entries,
    sum(wins) as wins,
    sum(losses) as losses,
    round(100 * {{ divide('sum(wins)', 'sum(wins + losses)') }}, 1) as won_percent_of_closed
from {{ ref('rep_sales_rep_performance_monthly') }}
where month > (select max(month) - interval '12 months' from {{ ref('rep_sales_rep_performance_monthly') }})
group by crm_source, owner_id, owner_name_masked
order by stage_entries desc, owner_id asc
limit 20
