-- Grain: one row per origin and deal open then. Each factor has the points of its value's band in the seed
-- opportunity_score_bands, the band being the reason; the score is their sum, 0 to 100.
{% set factors = ['stage', 'age', 'slips', 'inactivity', 'icp', 'amount'] %}
{% set values = [
    ("'stage'", 'signals.stage_progress'),
    ("'age'", 'signals.age_to_p50'),
    ("'slips'", 'signals.slips_count'),
    ("'inactivity'", 'signals.inactive_days'),
    ("'icp'", 'signals.icp_score'),
    ("'amount'", 'signals.reporting_amount'),
] %}

with signals as (
    select * from {{ ref('fct_deal_signals') }}
),

bands as (
    select * from {{ ref('stg_settings__opportunity_score_bands') }}
),

pointed as (
    select
        signals.origin,
        signals.deal_key,
        signals.crm_source,
        signals.deal_id,
        bands.factor,
        bands.points,
        bands.band
    from signals
    cross join lateral {{ unfold(values) }} as factors (factor, value)
    inner join bands
        on
            factors.factor = bands.factor
            and (
                (factors.value >= bands.min_value and factors.value < bands.max_value)
                or (factors.value is null and bands.min_value is null)
            )
),

final as (
    select
        origin,
        deal_key,
        crm_source,
        deal_id,
        {%- for factor in factors %}
        max(points) filter (where factor = '{{ factor }}') as {{ factor }}_points,
        max(band) filter (where factor = '{{ factor }}') as {{ factor }}_band,
        {%- endfor %}
        sum(points)::integer as score
    from pointed
    group by origin, deal_key, crm_source, deal_id
)

select * from final
