-- Grain: one row per origin and deal open then. Each factor has the points of its value's band in the seed
-- opportunity_score_bands, the band being the reason; the score is their sum, 0 to 100.
{% set values = {
    'stage': 'stage_progress',
    'age': 'age_to_p50',
    'slips': 'slips_count',
    'inactivity': 'inactive_days',
    'icp': 'icp_score',
    'amount': 'reporting_amount',
} %}
{% set points = [] %}
{% for factor in values %}
{% do points.append('coalesce(' ~ factor ~ '_bands.points, 0)') %}
{% endfor %}

with signals as (
    select * from {{ ref('fct_deal_signals') }}
),

-- Not materialized, so that each join below reads the bands of its own factor only.
bands as not materialized (
    select * from {{ ref('stg_settings__opportunity_score_bands') }}
),

final as (
    select
        signals.origin,
        signals.deal_key,
        signals.crm_source,
        signals.deal_id,
        {%- for factor in values %}
        coalesce({{ factor }}_bands.points, 0) as {{ factor }}_points,
        {{ factor }}_bands.band as {{ factor }}_band,
        {%- endfor %}
        {{ points | join(' + ') }} as score
    from signals
    {% for factor, value in values.items() -%}
    left join bands as {{ factor }}_bands
        on
            {{ factor }}_bands.factor = '{{ factor }}'
            and (
                (signals.{{ value }} >= {{ factor }}_bands.min_value and signals.{{ value }} < {{ factor }}_bands.max_value)
                or (signals.{{ value }} is null and {{ factor }}_bands.min_value is null)
            )
    {% endfor -%}
)

select * from final
