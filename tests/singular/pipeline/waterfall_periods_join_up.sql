-- In scope 'all' nothing happens between two periods: each one starts with what the one before ended with.
with waterfall as (
    select * from {{ ref('rep_pipeline_waterfall') }}
    where scope = 'all'
),

compared as (
    select
        crm_source,
        period_type,
        period,
        start_amount,
        start_count,
        lag(end_amount, 1, 0) over periods as previous_end_amount,
        lag(end_count, 1, 0) over periods as previous_end_count
    from waterfall
    window periods as (partition by crm_source, period_type order by period)
)

select * from compared
where
    start_amount <> previous_end_amount
    or start_count <> previous_end_count
