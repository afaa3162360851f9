-- Grain: one row per CRM, origin set ('all' or the origins of one calendar year), factor and bucket. Did what scored
-- higher at past origins win more often? Factor 'score': bucket = decile of its origin, 10 the highest. Others: bucket =
-- the factor's points. Won = won by what was known the var scoring_horizon_days later.
{% set factors = [
    ("'score'", 'outcomes.decile', 'outcomes.score'),
    ("'stage'", 'outcomes.stage_points', 'outcomes.stage_points'),
    ("'age'", 'outcomes.age_points', 'outcomes.age_points'),
    ("'slips'", 'outcomes.slips_points', 'outcomes.slips_points'),
    ("'inactivity'", 'outcomes.inactivity_points', 'outcomes.inactivity_points'),
    ("'icp'", 'outcomes.icp_points', 'outcomes.icp_points'),
    ("'amount'", 'outcomes.amount_points', 'outcomes.amount_points'),
] %}

with scores as (
    select * from {{ ref('fct_deal_scores') }}
),

origins as (
    select * from {{ ref('dim_scoring_origins') }}
    where not is_current
),

states as (
    select * from {{ ref('fct_deal_states') }}
),

outcomes as (
    select
        scores.*,
        states.status,
        -- Equal scores share a decile, so deciles differ in size.
        least(1 + floor(10 * percent_rank() over (partition by scores.crm_source, scores.origin order by scores.score)), 10)::integer as decile
    from scores
    inner join origins on scores.origin = origins.origin
    inner join states
        on
            scores.deal_key = states.deal_key
            and {{ in_force_on('states', 'origins.as_of_date + ' ~ var('scoring_horizon_days')) }}
),

counted as (
    select
        outcomes.crm_source,
        coalesce(extract(year from outcomes.origin)::text, 'all') as origin_set,
        factors.factor,
        factors.bucket,
        min(factors.points) as min_points,
        max(factors.points) as max_points,
        avg(factors.points) as mean_points,
        count(*) as scored_count,
        count(distinct outcomes.deal_key) as deals_count,
        count(distinct outcomes.origin) as origins_count,
        count(*) filter (where outcomes.status = 'won') as won_count,
        count(*) filter (where outcomes.status = 'lost') as lost_count,
        count(*) filter (where outcomes.status = 'open') as open_count
    from outcomes
    cross join lateral {{ unfold(factors) }} as factors (factor, bucket, points)
    group by
        outcomes.crm_source,
        factors.factor,
        factors.bucket,
        grouping sets ((), (extract(year from outcomes.origin)))
),

rated as (
    select
        *,
        {{ divide('won_count', 'scored_count') }} as win_rate,
        {{ divide(
            'sum(won_count) over (partition by crm_source, origin_set, factor)',
            'sum(scored_count) over (partition by crm_source, origin_set, factor)'
        ) }} as base_win_rate
    from counted
),

final as (
    select
        crm_source,
        origin_set,
        factor,
        bucket,
        min_points,
        max_points,
        mean_points::numeric(20, 10) as mean_points,
        scored_count,
        deals_count,
        origins_count,
        won_count,
        lost_count,
        open_count,
        win_rate,
        base_win_rate,
        {{ divide('win_rate', 'base_win_rate') }} as lift,
        scored_count < {{ var('min_sample') }} as is_small_sample
    from rated
)

select * from final
