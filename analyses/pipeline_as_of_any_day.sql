-- The open pipeline at the end of any day, by stage: change the date. The weighted amount is what its chances promise.
with states as (
    select * from {{ ref('fct_deal_states') }}
),

final as (
    select
        crm_source,
        stage_id,
        count(*) as open_count,
        sum(reporting_amount) as open_amount,
        round(sum(reporting_amount * probability / 100), 2) as weighted_amount
    from states
    where
        status = 'open'
        and valid_from < {{ end_of_day("date '2025-03-14'") }}
        and (valid_to is null or valid_to >= {{ end_of_day("date '2025-03-14'") }})
    group by crm_source, stage_id
)

select * from final
