-- What became of the deals that were due in a quarter when it began: counts added up over owners, segments and regions.
select
    crm_source,
    quarter,
    bool_and(is_complete) as is_complete,
    sum(cohort_count) as due_count,
    sum(won_count) as won_count,
    sum(lost_count) as lost_count,
    sum(slipped_count) as slipped_count,
    sum(pulled_count) as pulled_count,
    sum(overdue_count) as overdue_count,
    round(100 * {{ divide('sum(slipped_count)', 'sum(cohort_count)') }}, 1) as slipped_percent,
    round(100 * {{ divide('sum(slipped_amount)', 'sum(cohort_amount)') }}, 1) as slipped_percent_by_value
from {{ ref('rep_slippage_quarterly') }}
group by crm_source, quarter
order by crm_source, quarter
