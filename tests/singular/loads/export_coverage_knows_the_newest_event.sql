-- The newest event of the warehouse is that of the CRM whose exports are the newest.
with coverage as (
    select max(newest_event_at) as newest_event_at
    from {{ ref('dim_export_coverage') }}
)

select
    as_of.newest_event_at,
    coverage.newest_event_at as newest_of_crms_at
from {{ ref('dim_as_of') }} as as_of
cross join coverage
where as_of.newest_event_at is distinct from coverage.newest_event_at
