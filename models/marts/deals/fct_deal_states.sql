-- Grain: one row per deal and interval in which none of its fields changed: the pipeline as of any day is the rows that the
-- macro in_force_on finds.
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
        {{ convert_currency('states.amount') }} as reporting_amount,
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
    {{ join_rate('states', cut_day('states.first_seen_at')) }}
)

select * from final
