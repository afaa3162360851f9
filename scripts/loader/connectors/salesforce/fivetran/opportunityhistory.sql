-- mode: delta. A log only grows.
-- takes opportunity_history: id, opportunity_id, stage_name, amount, probability, close_date, forecast_category, created_date
-- takes opportunity_history: is_deleted
-- needs opportunity: id, stage_name
-- takes opportunity: _fivetran_start, created_date, amount, probability, close_date, forecast_category, is_deleted
-- lacks: any history where opportunity_history is not synced and history mode is off
--
-- Salesforce's own log, where it is synced. Of an opportunity that it lacks, the versions that history mode keeps, where
-- one differs from the one before in what the log would hold.
with versions as (
    select
        *,
        row_number() over (partition by id order by _fivetran_start) as number,
        (stage_name, amount, probability, close_date, forecast_category) as state
    from opportunity
    where _fivetran_start is not null
),

changes as (
    select
        *,
        lag(state) over (partition by id order by number) as old_state
    from versions
),

logged as (
    select distinct opportunity_id
    from opportunity_history
)

select
    id,
    opportunity_id as opportunityid,
    stage_name as stagename,
    amount,
    probability,
    left(close_date, 10) as closedate,
    forecast_category as forecastcategory,
    created_date as createddate,
    is_deleted as isdeleted
from opportunity_history
union all
select
    changes.id || '@' || changes._fivetran_start as id,
    changes.id as opportunityid,
    changes.stage_name as stagename,
    changes.amount,
    changes.probability,
    left(changes.close_date, 10) as closedate,
    changes.forecast_category as forecastcategory,
    case when changes.number = 1 then coalesce(changes.created_date, changes._fivetran_start) else changes._fivetran_start end as createddate,
    changes.is_deleted as isdeleted
from changes
left join logged
    on changes.id = logged.opportunity_id
where logged.opportunity_id is null and changes.state is distinct from changes.old_state
