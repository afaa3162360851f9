-- Grain: one row per CRM, fiscal quarter, owner at its start, segment and region. Cohort: the deals due in the quarter when it
-- began. Amounts are not rounded, so that the outcomes add up to the cohort.
with due as (
    select * from {{ ref('fct_due_deals') }}
),

deals as (
    select * from {{ ref('fct_deals') }}
),

owners as (
    select * from {{ ref('dim_owners') }}
),

counted as (
    select
        due.crm_source,
        due.quarter,
        due.is_complete,
        due.owner_id,
        coalesce(owners.owner_name_masked, 'Unknown') as owner_name_masked,
        deals.segment,
        deals.region,
        count(*) as cohort_count,
        sum(due.start_amount) as cohort_amount,
        {%- for outcome in ['won', 'lost', 'slipped', 'pulled', 'overdue'] %}
        count(*) filter (where due.outcome = '{{ outcome }}') as {{ outcome }}_count,
        {{ sum_known('due.start_amount', "due.outcome = '" ~ outcome ~ "'") }} as {{ outcome }}_amount,
        {%- endfor %}
        count(*) filter (where due.start_amount is null) as missing_amount_count
    from due
    inner join deals on due.deal_key = deals.deal_key
    left join owners
        on
            due.crm_source = owners.crm_source
            and due.owner_id = owners.owner_id
    group by
        due.crm_source,
        due.quarter,
        due.is_complete,
        due.owner_id,
        owners.owner_name_masked,
        deals.segment,
        deals.region
),

final as (
    select
        *,
        {{ divide('slipped_count', 'cohort_count', 6) }} as slippage_rate,
        {{ divide('slipped_amount', 'cohort_amount', 6) }} as slippage_rate_by_value
    from counted
)

select * from final
