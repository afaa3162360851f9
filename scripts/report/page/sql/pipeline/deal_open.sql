-- The deals of the data set open_pipeline: from which month end to which a deal was open, with this owner, overdue or not.
with numbered as (
    select
        *,
        (12 * extract(year from snapshot_date) + extract(month from snapshot_date))
        - row_number() over (partition by deal_key, owner_id, is_overdue order by snapshot_date) as island
    from fct_pipeline_snapshots
)

select
    crm_source as crm,
    deal_id as deal,
    owner_id as owner,
    coalesce(is_overdue, false) as overdue,
    to_char(min(snapshot_date), 'YYYY-MM') as first,
    to_char(max(snapshot_date), 'YYYY-MM') as last
from numbered
group by crm_source, deal_key, deal_id, owner_id, is_overdue, island
order by crm_source, deal_id, first
