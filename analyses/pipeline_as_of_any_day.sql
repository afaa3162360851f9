-- The open pipeline at the end of any day, by stage: change the date. The weighted amount is what its chances promise.
with states as (
    select * from {{ ref('fct_deal_states') }}
),

final as (
    select
        states.crm_source,
        states.stage_id,
        count(*) as open_count,
        round(sum(states.reporting_amount), 2) as open_amount,
        round(sum(states.reporting_amount * states.probability / 100), 2) as weighted_amount
    from states
    where
        states.status = 'open'
        and {{ in_force_on('states', "date '2025-03-14'") }}
    group by states.crm_source, states.stage_id
)

select * from final
