-- A quota that begins on another day than a fiscal quarter (var fiscal_year_start_month) is in no coverage: sales_quotas.csv has to
-- follow the fiscal year. One of an owner whom neither the users nor a deal know is beside no deal.
{{ config(severity='warn', fail_calc='coalesce(sum(failing_rows), 0)') }}
with quotas as (
    select * from {{ ref('stg_settings__sales_quotas') }}
),

known as (
    select
        crm_source,
        owner_id
    from {{ ref('dim_owners') }}
    union distinct
    select
        crm_source,
        owner_id
    from {{ ref('dim_deals') }}
),

problems as (
    select
        'of another day than a fiscal quarter''s first' as problem,
        count(*) as failing_rows
    from quotas
    where quarter != {{ cut_fiscal_quarter('quarter') }}
    union all
    select
        'of an owner whom the CRM does not know' as problem,
        count(*) as failing_rows
    from quotas
    left join known
        on
            quotas.crm_source = known.crm_source
            and quotas.owner_id = known.owner_id
    where known.owner_id is null
)

select
    problem,
    failing_rows,
    (select count(*) from quotas) as tested_rows
from problems
where failing_rows > 0
