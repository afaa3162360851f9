-- Grain: one row per origin, CRM and account. How often deals of accounts like this one were won, over the
-- average: closed before the origin by what was known then, the account's own left out. The CRM keeps no history of
-- features, so they are today's.
{% set base_rate = divide('base_won_count', 'base_closed_count', 14) %}
{% set prior = var('icp_prior_deals') %}

with origins as (
    select * from {{ ref('dim_scoring_origins') }}
),

states as (
    select * from {{ ref('fct_deal_states') }}
    where status in ('won', 'lost')
),

deals as (
    select * from {{ ref('dim_deals') }}
),

accounts as (
    select * from {{ ref('dim_accounts') }}
),

revenue_bands as (
    select * from {{ ref('stg_settings__revenue_bands') }}
),

weights as (
    select * from {{ ref('stg_settings__icp_features') }}
),

members as (
    select
        accounts.crm_source,
        accounts.account_id,
        nullif(accounts.industry, 'Unknown') as industry,
        nullif(accounts.segment, 'Unknown') as size_band,
        revenue_bands.revenue_band,
        nullif(accounts.country, 'Unknown') as country
    from accounts
    left join revenue_bands
        on
            accounts.annual_revenue >= coalesce(revenue_bands.min_revenue, '-infinity')
            and accounts.annual_revenue < coalesce(revenue_bands.max_revenue, 'infinity')
),

closed as (
    select
        origins.origin,
        states.crm_source,
        coalesce(members.account_id, 'Unknown') as account_id,
        count(*) as closed_count,
        count(*) filter (where states.status = 'won') as won_count
    from origins
    inner join states
        on
            {{ in_force_on('states', 'origins.as_of_date') }}
            and origins.origin > states.closed_date
    inner join deals on states.deal_key = deals.deal_key
    left join members
        on
            deals.crm_source = members.crm_source
            and deals.account_id = members.account_id
    group by origins.origin, states.crm_source, coalesce(members.account_id, 'Unknown')
),

-- What all accounts closed in each group, less the account's own.
others as (
    select
        origins.origin,
        members.*,
        {%- for group in ['base', 'industry', 'size_band', 'revenue_band', 'country'] %}
        {%- set same = '' if group == 'base' else ', members.' ~ group %}
        {%- for measure in ['closed_count', 'won_count'] %}
        (
            coalesce(sum(closed.{{ measure }}) over (partition by origins.origin, members.crm_source{{ same }}), 0)
            - coalesce(closed.{{ measure }}, 0)
        )::bigint as {{ group }}_{{ measure }},
        {%- endfor %}
        {%- endfor %}
        coalesce(closed.closed_count, 0) as own_closed_count,
        coalesce(closed.won_count, 0) as own_won_count
    from origins
    cross join members
    left join closed
        on
            origins.origin = closed.origin
            and members.crm_source = closed.crm_source
            and members.account_id = closed.account_id
),

-- A group's win rate over the average one, mixed with average deals, so that a few lucky wins do not make a lift.
lifts as (
    select
        {%- for feature in ['industry', 'size_band', 'revenue_band', 'country'] %}
        case
            when {{ feature }} is not null and {{ feature }}_closed_count >= {{ var('min_sample') }}
                then
                    ({{ feature }}_won_count + {{ prior }} * {{ base_rate }})
                    / ({{ feature }}_closed_count + {{ prior }}) / nullif({{ base_rate }}, 0)
        end::numeric(20, 10) as {{ feature }}_lift,
        {%- endfor %}
        {{ divide('base_won_count', 'base_closed_count') }} as base_win_rate,
        others.*
    from others
),

final as (
    select
        lifts.origin,
        lifts.crm_source,
        lifts.account_id,
        lifts.own_closed_count,
        lifts.own_won_count,
        lifts.base_closed_count,
        lifts.base_win_rate,
        {%- for feature in ['industry', 'size_band', 'revenue_band', 'country'] %}
        coalesce(lifts.{{ feature }}, 'Unknown') as {{ feature }},
        lifts.{{ feature }}_closed_count,
        lifts.{{ feature }}_won_count,
        lifts.{{ feature }}_lift,
        {%- endfor %}
        scored.features_count,
        scored.icp_score,
        scored.strongest_feature,
        scored.weakest_feature
    from lifts
    cross join
        lateral (
            select
                count(features.lift) as features_count,
                {{ divide('sum(weights.weight * features.lift)', 'sum(weights.weight) filter (where features.lift is not null)') }} as icp_score,
                (array_agg(features.feature order by features.lift desc, features.feature asc) filter (where features.lift is not null))[1]
                    as strongest_feature,
                (array_agg(features.feature order by features.lift, features.feature) filter (where features.lift is not null))[1]
                    as weakest_feature
            from (
                values
                ('industry', lifts.industry_lift),
                ('size_band', lifts.size_band_lift),
                ('revenue_band', lifts.revenue_band_lift),
                ('country', lifts.country_lift)
            ) as features (feature, lift)
            inner join weights on features.feature = weights.feature
        ) as scored
    where lifts.account_id <> 'Unknown'
)

select * from final
