-- A quota that begins on another day than a fiscal quarter (var fiscal_year_start_month) is in no coverage: the seed
-- sales_quotas has to follow the fiscal year.
{{ config(severity='warn', fail_calc='coalesce(sum(failing_rows), 0)') }}
with counted as (
    select
        count(*) filter (where quarter != {{ cut_fiscal_quarter('quarter') }}) as failing_rows,
        count(*) as tested_rows
    from {{ ref('stg_settings__sales_quotas') }}
)

select * from counted
where failing_rows > 0
