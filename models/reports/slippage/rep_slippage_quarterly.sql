-- Grain: one row per CRM, fiscal quarter, owner at its start, segment and region. Cohort: open at the quarter's start
-- and due in it; each ends in exactly one outcome, read at the quarter's end (at as_of while the quarter runs).
with states as (
    select * from {{ ref('fct_deal_states') }}
),

deals as (
    select * from {{ ref('fct_deals') }}
),

owners as (
    select * from {{ ref('dim_owners') }}
),

quarters as (
    select * from {{ ref('dim_fiscal_quarters') }}
),

cohort as (
    select
        quarters.quarter,
        quarters.last_day,
        quarters.measured_day,
        quarters.is_complete,
        states.crm_source,
        states.deal_id,
        states.owner_id,
        states.reporting_amount as start_amount
    from quarters
    inner join states
        on
            states.valid_from < {{ end_of_day('quarters.quarter - 1') }}
            and (states.valid_to is null or states.valid_to >= {{ end_of_day('quarters.quarter - 1') }})
            and states.close_date between quarters.quarter and quarters.last_day
    where states.status = 'open'
),

ended as (
    select
        cohort.*,
        case
            when states.status <> 'open' then states.status
            when states.close_date > cohort.last_day or states.close_date is null then 'slipped'
            when states.close_date < cohort.quarter then 'pulled'
            else 'overdue'
        end as outcome
    from cohort
    inner join states
        on
            cohort.crm_source = states.crm_source
            and cohort.deal_id = states.deal_id
            and states.valid_from < {{ end_of_day('cohort.measured_day') }}
            and (states.valid_to is null or states.valid_to >= {{ end_of_day('cohort.measured_day') }})
),

counted as (
    select
        ended.crm_source,
        ended.quarter,
        ended.is_complete,
        ended.owner_id,
        coalesce(owners.owner_name_masked, 'Unknown') as owner_name_masked,
        deals.segment,
        deals.region,
        count(*) as cohort_count,
        sum(ended.start_amount) as cohort_amount,
        {%- for outcome in ['won', 'lost', 'slipped', 'pulled', 'overdue'] %}
        count(*) filter (where ended.outcome = '{{ outcome }}') as {{ outcome }}_count,
        {{ sum_known('ended.start_amount', "ended.outcome = '" ~ outcome ~ "'") }} as {{ outcome }}_amount,
        {%- endfor %}
        count(*) filter (where ended.start_amount is null) as missing_amount_count
    from ended
    inner join deals
        on
            ended.crm_source = deals.crm_source
            and ended.deal_id = deals.deal_id
    left join owners
        on
            ended.crm_source = owners.crm_source
            and ended.owner_id = owners.owner_id
    group by
        ended.crm_source,
        ended.quarter,
        ended.is_complete,
        ended.owner_id,
        owners.owner_name_masked,
        deals.segment,
        deals.region
),

final as (
    select
        *,
        round(slipped_count::numeric / nullif(cohort_count, 0), 6) as slippage_rate,
        round(slipped_amount / nullif(cohort_amount, 0), 6) as slippage_rate_by_value
    from counted
)

select * from final
