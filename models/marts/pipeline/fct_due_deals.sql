-- Grain: one row per fiscal quarter and deal that was open at the quarter's start and due in it. Each ends in exactly one outcome,
-- read at the quarter's end (at as_of while the quarter runs).
{{ config(materialized='view') }}

-- Two readings of the states, for together PostgreSQL would copy all of them first.
with states as (
    select * from {{ ref('fct_deal_states') }}
),

open_states as (
    select * from {{ ref('fct_deal_states') }}
    where status = 'open'
),

quarters as (
    select
        *,
        {{ end_of_day('quarter - 1') }} as starts_at,
        {{ end_of_day('measured_day') }} as measured_at
    from {{ ref('dim_fiscal_quarters') }}
),

open_then as (
    select
        *,
        unnest({{ instants_in_force('open_states', 'quarters', 'starts_at') }}) as starts_at
    from open_states
),

due as (
    select
        quarters.quarter,
        quarters.last_day,
        quarters.measured_at,
        quarters.is_complete,
        open_then.deal_key,
        open_then.crm_source,
        open_then.deal_id,
        open_then.owner_id,
        open_then.reporting_amount as start_amount
    from open_then
    inner join quarters
        on
            open_then.starts_at = quarters.starts_at
            and open_then.close_date between quarters.quarter and quarters.last_day
),

final as (
    select
        due.quarter,
        due.deal_key,
        due.crm_source,
        due.deal_id,
        due.owner_id,
        due.start_amount,
        case
            when states.status <> 'open' then states.status
            when states.close_date > due.last_day or states.close_date is null then 'slipped'
            when states.close_date < due.quarter then 'pulled'
            else 'overdue'
        end as outcome,
        due.is_complete
    from due
    inner join states
        on
            due.deal_key = states.deal_key
            and {{ in_force_at('states', 'due.measured_at') }}
)

select * from final
