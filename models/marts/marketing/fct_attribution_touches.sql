-- Grain: one row per model, Salesforce opportunity and touch; 'Unattributed' once per model where there is no touch. A
-- touch is the first response of one of the opportunity's people to a campaign, in the var attribution_lookback_days
-- before the creation. Credits of an opportunity add up to 1 in each model.
with opportunities as (
    select * from {{ ref('fct_opportunity_channels') }}
),

people as (
    select * from {{ ref('int_opportunity_people') }}
),

campaign_touches as (
    select * from {{ ref('int_campaign_touches') }}
),

campaigns as (
    select * from {{ ref('int_marketing_campaigns') }}
),

counted as (
    select
        opportunities.opportunity_id,
        campaign_touches.person_id,
        campaign_touches.campaign_id,
        campaign_touches.touched_at,
        row_number() over (
            partition by opportunities.opportunity_id
            order by campaign_touches.touched_at, campaign_touches.campaign_id, campaign_touches.person_id
        ) as touch_number,
        count(*) over (partition by opportunities.opportunity_id) as touches_count
    from opportunities
    inner join people on opportunities.opportunity_id = people.opportunity_id
    inner join campaign_touches
        on
            people.person_id = campaign_touches.person_id
            and opportunities.created_at >= campaign_touches.touched_at
            and opportunities.created_at <= campaign_touches.touched_at + interval '{{ var("attribution_lookback_days") }} days'
),

credited as (
    select
        counted.*,
        models.model,
        case models.model
            when 'first' then (touch_number = 1)::integer
            when 'last' then (touch_number = touches_count)::integer
            -- The last share takes what rounding left over, so that the sum is 1 exactly.
            when 'linear'
                then
                    round(1.0 / touches_count, 10)
                    + (touch_number = touches_count)::integer * (1 - touches_count * round(1.0 / touches_count, 10))
        end as credit
    from counted
    cross join (values ('first'), ('last'), ('linear')) as models (model)
),

final as (
    select
        models.model,
        opportunities.opportunity_id,
        coalesce(credited.touch_number, 0)::integer as touch_number,
        coalesce(credited.touches_count, 0)::integer as touches_count,
        credited.person_id,
        credited.campaign_id,
        case when credited.opportunity_id is null then 'Unattributed' else coalesce(campaigns.channel, 'Unknown') end as channel,
        case when credited.opportunity_id is null then '(none)' else coalesce(campaigns.campaign, lower(credited.campaign_id)) end as campaign,
        credited.touched_at,
        opportunities.created_date,
        opportunities.status,
        coalesce(credited.credit, 1) as credit,
        coalesce(credited.credit, 1) * opportunities.reporting_amount as amount_credit,
        coalesce(credited.credit, 1) * opportunities.revenue as revenue_credit,
        opportunities.currency
    from opportunities
    cross join (values ('first'), ('last'), ('linear')) as models (model)
    left join credited
        on
            opportunities.opportunity_id = credited.opportunity_id
            and models.model = credited.model
    left join campaigns on credited.campaign_id = campaigns.campaign_id
)

select * from final
