-- Each month end's snapshot holds as much as has become open less what has ceased to be, over all states until then:
-- two ways through the same history.
with states as (
    select * from {{ ref('fct_deal_states') }}
    where status = 'open'
),

changes as (
    select
        crm_source,
        {{ cut_month('valid_from') }} as month,
        1 as deals_count,
        coalesce(reporting_amount, 0) as amount
    from states
    union all
    select
        crm_source,
        {{ cut_month('valid_to') }} as month,
        -1 as deals_count,
        -coalesce(reporting_amount, 0) as amount
    from states
    where valid_to is not null
),

open_since as (
    select
        crm_source,
        (month + interval '1 month')::date - 1 as snapshot_date,
        sum(sum(deals_count)) over months as open_count,
        sum(sum(amount)) over months as open_amount
    from changes
    group by crm_source, month
    window months as (partition by crm_source order by month)
),

snapshots as (
    select
        crm_source,
        snapshot_date,
        count(*) as open_count,
        coalesce(sum(reporting_amount), 0) as open_amount
    from {{ ref('int_pipeline_valued') }}
    group by crm_source, snapshot_date
),

final as (
    select
        open_since.crm_source,
        open_since.snapshot_date,
        open_since.open_count,
        open_since.open_amount,
        snapshots.open_count as snapshot_count,
        snapshots.open_amount as snapshot_amount
    from open_since
    cross join {{ ref('dim_as_of') }} as as_of
    left join snapshots
        on
            open_since.crm_source = snapshots.crm_source
            and open_since.snapshot_date = snapshots.snapshot_date
    where open_since.snapshot_date < as_of.forecast_origin
)

select * from final
where
    open_count <> coalesce(snapshot_count, 0)
    or open_amount <> coalesce(snapshot_amount, 0)
