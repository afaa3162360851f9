-- Every deal that is open at as_of and has a timeline is scored, and no other; the best points of all factors
-- make 100. Deals that changed after as_of, which only a var in the past makes, are not looked at.
with as_of as (
    select * from {{ ref('dim_as_of') }}
),

open_now as (
    select deals.*
    from {{ ref('dim_deals') }} as deals
    cross join as_of
    where
        deals.status = 'open'
        and deals.has_timeline
        and deals.last_changed_at < {{ end_of_day('as_of.as_of_date') }}
),

scores as (
    select scores.*
    from {{ ref('rep_deal_scores') }} as scores
    inner join {{ ref('dim_deals') }} as deals on scores.deal_key = deals.deal_key
    cross join as_of
    where deals.last_changed_at < {{ end_of_day('as_of.as_of_date') }}
),

best as (
    select
        factor,
        max(points) as points
    from {{ ref('stg_settings__opportunity_score_bands') }}
    group by factor
),

final as (
    select
        open_now.crm_source,
        coalesce(open_now.deal_id, scores.deal_id) as deal_id,
        scores.score
    from open_now
    full outer join scores on open_now.deal_key = scores.deal_key
    where open_now.deal_key is null or scores.deal_key is null
    union all
    select
        'points of all factors' as crm_source,
        null as deal_id,
        sum(points)::integer as score
    from best
    having sum(points) <> 100
)

select * from final
