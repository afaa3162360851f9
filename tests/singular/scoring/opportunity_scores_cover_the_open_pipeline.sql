-- Every opportunity that is open at as_of and has a timeline is scored, and no other; the best points of all factors
-- make 100. Opportunities that changed after as_of, which only a var in the past makes, are not looked at.
with as_of as (
    select * from {{ ref('dim_pipeline_as_of') }}
),

open_now as (
    select opportunities.*
    from {{ ref('fct_opportunities') }} as opportunities
    cross join as_of
    where
        opportunities.status = 'open'
        and opportunities.has_timeline
        and opportunities.last_changed_at < {{ end_of_day('as_of.as_of_date') }}
),

scores as (
    select scores.*
    from {{ ref('rep_opportunity_scores') }} as scores
    inner join {{ ref('fct_opportunities') }} as opportunities
        on
            scores.crm_source = opportunities.crm_source
            and scores.opportunity_id = opportunities.opportunity_id
    cross join as_of
    where opportunities.last_changed_at < {{ end_of_day('as_of.as_of_date') }}
),

best as (
    select
        factor,
        max(points) as points
    from {{ ref('opportunity_score_bands') }}
    group by factor
),

final as (
    select
        open_now.crm_source,
        coalesce(open_now.opportunity_id, scores.opportunity_id) as opportunity_id,
        scores.score
    from open_now
    full outer join scores
        on
            open_now.crm_source = scores.crm_source
            and open_now.opportunity_id = scores.opportunity_id
    where open_now.opportunity_id is null or scores.opportunity_id is null
    union all
    select
        'points of all factors' as crm_source,
        null as opportunity_id,
        sum(points)::integer as score
    from best
    having sum(points) <> 100
)

select * from final
