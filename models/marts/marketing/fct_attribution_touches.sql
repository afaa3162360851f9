-- Grain: one row per model, Salesforce deal and touch; 'Unattributed' once per model where there is no touch. A
-- touch is the first response of one of the deal's people to a campaign, in the var attribution_lookback_days
-- before the creation. Credits of a deal add up to 1 in each model.
with deals as (
    select * from {{ ref('fct_deal_channels') }}
),

people as (
    select * from {{ ref('int_deal_people') }}
),

campaign_touches as (
    select * from {{ ref('int_campaign_touches') }}
),

campaigns as (
    select * from {{ ref('int_marketing_campaigns') }}
),

counted as (
    select
        deals.deal_id,
        campaign_touches.person_id,
        campaign_touches.campaign_id,
        campaign_touches.touched_at,
        row_number() over (
            partition by deals.deal_id
            order by campaign_touches.touched_at, campaign_touches.campaign_id, campaign_touches.person_id
        ) as touch_number,
        count(*) over (partition by deals.deal_id) as touches_count
    from deals
    inner join people on deals.deal_id = people.deal_id
    inner join campaign_touches
        on
            people.person_id = campaign_touches.person_id
            and deals.created_at >= campaign_touches.touched_at
            and deals.created_at <= campaign_touches.touched_at + interval '{{ var("attribution_lookback_days") }} days'
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
        deals.deal_id,
        coalesce(credited.touch_number, 0)::integer as touch_number,
        coalesce(credited.touches_count, 0)::integer as touches_count,
        credited.person_id,
        credited.campaign_id,
        case when credited.deal_id is null then 'Unattributed' else coalesce(campaigns.channel, 'Unknown') end as channel,
        case when credited.deal_id is null then '(none)' else coalesce(campaigns.campaign, lower(credited.campaign_id)) end as campaign,
        credited.touched_at,
        deals.created_date,
        deals.status,
        coalesce(credited.credit, 1) as credit,
        coalesce(credited.credit, 1) * deals.reporting_amount as amount_credit,
        coalesce(credited.credit, 1) * deals.revenue as revenue_credit,
        deals.currency
    from deals
    cross join (values ('first'), ('last'), ('linear')) as models (model)
    left join credited
        on
            deals.deal_id = credited.deal_id
            and models.model = credited.model
    left join campaigns on credited.campaign_id = campaigns.campaign_id
)

select * from final
