-- Grain: one row per origin, CRM and account. How often deals of accounts like this one were won, over the
-- average: closed before the origin by what was known then, the account's own left out. The CRM keeps no history of
-- features, so they are today's.
{% set base_rate = divide('base_won_count', 'base_closed_count', 14) %}
{% set prior = var('icp_prior_deals') %}
{# By name: of two features with equal lifts the first one is named. #}
{% set features = ['country', 'industry', 'revenue_band', 'size_band'] %}
{% set weighted_lifts = features | join('_weighted_lift, ') ~ '_weighted_lift' %}
{% set products, held_weights = [], [] %}
{% for feature in features %}
{% do products.append('coalesce(' ~ feature ~ '_weight * ' ~ feature ~ '_weighted_lift, 0)') %}
{% do held_weights.append('case when ' ~ feature ~ '_weighted_lift is null then 0 else ' ~ feature ~ '_weight end') %}
{% endfor %}

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

-- One row, with a column for each feature; one without a weight does not count.
weights as (
    select
        {%- for feature in features %}
        max(weight) filter (where feature = '{{ feature }}') as {{ feature }}_weight,
        {%- endfor %}
        count(*) as weights_count
    from {{ ref('stg_settings__icp_features') }}
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
-- Materialized, or PostgreSQL would work out a lift anew wherever it is named.
lifts as materialized (
    select
        {%- for feature in features %}
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
    where others.account_id <> 'Unknown'
),

weighted as (
    select
        {%- for feature in features %}
        weights.{{ feature }}_weight,
        case when weights.{{ feature }}_weight is not null then lifts.{{ feature }}_lift end as {{ feature }}_weighted_lift,
        {%- endfor %}
        lifts.*
    from lifts
    cross join weights
),

final as (
    select
        origin,
        crm_source,
        account_id,
        own_closed_count,
        own_won_count,
        base_closed_count,
        base_win_rate,
        {%- for feature in ['industry', 'size_band', 'revenue_band', 'country'] %}
        coalesce({{ feature }}, 'Unknown') as {{ feature }},
        {{ feature }}_closed_count,
        {{ feature }}_won_count,
        {{ feature }}_lift,
        {%- endfor %}
        {%- for extreme, name in [('greatest', 'strongest'), ('least', 'weakest')] %}
        case {{ extreme }}({{ weighted_lifts }})
            {%- for feature in features %}
            when {{ feature }}_weighted_lift then '{{ feature }}'
            {%- endfor %}
        end as {{ name }}_feature,
        {%- endfor %}
        num_nonnulls({{ weighted_lifts }})::bigint as features_count,
        {{ divide(products | join(' + '), held_weights | join(' + ')) }} as icp_score
    from weighted
)

select * from final
