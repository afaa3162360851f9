-- Grain: one row per CRM, deal and interval in which none of its fields changed: the pipeline as of any day is
-- the rows with valid_from < end of the day and (valid_to is null or valid_to >= end of the day).
{{ config(materialized='view') }}

with states as (
    select * from {{ ref('int_deal_states') }}
),

stages as (
    select * from {{ ref('dim_stages') }}
),

rates as (
    select * from {{ ref('dim_exchange_rates') }}
),

final as (
    select
        states.deal_key,
        states.crm_source,
        states.deal_id,
        states.state_number::integer as state_number,
        states.valid_from,
        states.valid_to,
        states.status,
        states.stage_id,
        coalesce(states.owner_id, 'Unknown') as owner_id,
        states.amount,
        coalesce(states.currency, '{{ var("reporting_currency") }}') as amount_currency,
        round(states.amount * rates.rate, 2) as reporting_amount,
        coalesce(states.probability, stages.default_probability) as probability,
        states.close_date,
        states.forecast_category,
        states.closed_at,
        states.closed_date,
        states.first_seen_at,
        states._loaded_at
    from states
    left join stages
        on
            states.crm_source = stages.crm_source
            and states.stage_id = stages.stage_id
    left join rates
        on
            coalesce(states.currency, '{{ var("reporting_currency") }}') = rates.currency
            and {{ cut_day('states.first_seen_at') }} >= rates.valid_from
            and {{ cut_day('states.first_seen_at') }} < rates.valid_to
)

select * from final
