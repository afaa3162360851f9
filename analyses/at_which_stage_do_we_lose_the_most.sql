-- What became of every entry to a stage of the default pipeline, all months together.
select
    accounting.stage_name,
    sum(accounting.entered_count) as entered,
    sum(accounting.advanced_count) as advanced,
    sum(accounting.moved_back_count) as moved_back,
    sum(accounting.lost_count) as lost,
    sum(accounting.won_count) as won,
    sum(accounting.still_there_count) as still_there,
    round(100 * {{ divide('sum(accounting.lost_count)', 'sum(accounting.entered_count)') }}, 1) as lost_percent
from {{ ref('rep_funnel_step_accounting') }} as accounting
inner join {{ ref('dim_pipelines') }} as pipelines
    on
        accounting.crm_source = pipelines.crm_source
        and accounting.pipeline_id = pipelines.pipeline_id
where pipelines.is_default
group by accounting.stage_rank, accounting.stage_name
order by accounting.stage_rank
