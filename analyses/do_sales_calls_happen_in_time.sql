-- The share of deals whose sales call came before they left its stage, and how many calls no deal can be found for.
select
    crm_source,
    pipeline_id,
    kpi_name,
    deals_left_count,
    round(100 * called_before_share, 1) as called_before_percent,
    never_called_count,
    calls_count,
    calls_without_deal_count
from {{ ref('rep_calls_before_stage') }}
order by crm_source, pipeline_id, funnel_step
