-- Grain: one row per CRM, origin set ('all' or the origins of one calendar year), factor and bucket. Did what scored
-- higher at past origins win more often? Factor 'score': bucket = decile of its origin, 10 the highest. Others: bucket =
-- the factor's points. Won = won by what was known the var scoring_horizon_days later.
{# The bucket and the points of each factor. #}
{% set factors = {'score': ('decile', 'score')} %}
{% for factor in ['stage', 'age', 'slips', 'inactivity', 'icp', 'amount'] %}
{% do factors.update({factor: (factor ~ '_points', factor ~ '_points')}) %}
{% endfor %}

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
        extract(year from scores.origin)::integer as origin_year,
        states.status,
        -- Equal scores share a decile, so deciles differ in size.
        least(1 + floor(10 * percent_rank() over (partition by scores.crm_source, scores.origin order by scores.score)), 10)::integer as decile
    from scores
    inner join origins on scores.origin = origins.origin
    inner join states
        on
            scores.deal_key = states.deal_key
            and {{ in_force_at('states', 'origins.outcome_at') }}
),

counted as (
    {%- for factor, (bucket, points) in factors.items() %}
    select
        crm_source,
        coalesce(origin_year::text, 'all') as origin_set,
        '{{ factor }}' as factor,
        {{ bucket }} as bucket,
        min({{ points }}) as min_points,
        max({{ points }}) as max_points,
        avg({{ points }}) as mean_points,
        count(*) as scored_count,
        count(distinct deal_key) as deals_count,
        count(distinct origin) as origins_count,
        count(*) filter (where status = 'won') as won_count,
        count(*) filter (where status = 'lost') as lost_count,
        count(*) filter (where status = 'open') as open_count
    from outcomes
    group by crm_source, {{ bucket }}, grouping sets ((), (origin_year))
    {{ 'union all' if not loop.last }}
    {%- endfor %}
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
