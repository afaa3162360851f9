-- What became of every entry to a stage, all months together.
select
    stage_name,
    sum(entered_count) as entered,
    sum(advanced_count) as advanced,
    sum(moved_back_count) as moved_back,
    sum(lost_count) as lost,
    sum(won_count) as won,
    sum(still_there_count) as still_there,
    round(100 * {{ divide('sum(lost_count)', 'sum(entered_count)') }}, 1) as lost_percent
from {{ ref('rep_funnel_step_accounting') }}
where pipeline_id = {{ var('default_pipeline_id') }}
group by stage_rank, stage_name
order by stage_rank
