-- Grain: one row per fiscal quarter and deal that was open at the quarter's start and due in it. Each ends in exactly one outcome,
-- read at the quarter's end (at as_of while the quarter runs).
{{ config(materialized='view') }}

with states as (
    select * from {{ ref('fct_deal_states') }}
),

quarters as (
    select * from {{ ref('dim_fiscal_quarters') }}
),

due as (
    select
        quarters.quarter,
        quarters.last_day,
        quarters.measured_day,
        quarters.is_complete,
        states.deal_key,
        states.crm_source,
        states.deal_id,
        states.owner_id,
        states.reporting_amount as start_amount
    from quarters
    inner join states
        on
            {{ in_force_on('states', 'quarters.quarter - 1') }}
            and states.close_date between quarters.quarter and quarters.last_day
    where states.status = 'open'
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
            and {{ in_force_on('states', 'due.measured_day') }}
)

select * from final
