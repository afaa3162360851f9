-- Slips out of the last eight quarters by stage, owner, segment, size and how often the deal had slipped: the largest first.
select
    patterns.crm_source,
    patterns.dimension,
    patterns.member_name,
    sum(patterns.slips_count) as slips_count,
    sum(patterns.repeat_slips_count) as repeat_slips_count,
    round({{ divide('sum(patterns.pushed_days)', 'sum(patterns.slips_count)') }}, 1) as mean_pushed_days,
    round(sum(patterns.slipped_amount)) as slipped_amount
from {{ ref('rep_slippage_patterns') }} as patterns
inner join {{ ref('dim_as_of') }} as as_of on patterns.from_quarter > as_of.current_quarter - interval '24 months'
where patterns.dimension <> 'all'
group by patterns.crm_source, patterns.dimension, patterns.member_id, patterns.member_name
order by patterns.crm_source asc, patterns.dimension asc, slips_count desc
