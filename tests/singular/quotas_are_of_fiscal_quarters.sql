-- A quota that begins on another day than a fiscal quarter (var fiscal_year_start_month) is in no coverage: the seed
-- sales_quotas has to follow the fiscal year. One row per quota.
{{ config(severity='warn') }}
select
    crm_source,
    owner_id,
    quarter
from {{ ref('sales_quotas') }}
where quarter != {{ cut_fiscal_quarter('quarter') }}
