-- Grain: one row per CRM and deal, with names in place of ids alone: the table to start from.
{{ config(materialized='view') }}

with deals as (
    select * from {{ ref('dim_deals') }}
    where status in ('open', 'won', 'lost')
),

accounts as (
    select * from {{ ref('dim_accounts') }}
),

owners as (
    select * from {{ ref('dim_owners') }}
),

stages as (
    select * from {{ ref('dim_stages') }}
),

rates as (
    select * from {{ ref('dim_exchange_rates') }}
),

bands as (
    select * from {{ ref('stg_settings__amount_bands') }}
),

converted as (
    select
        deals.*,
        {{ convert_currency('deals.amount') }} as reporting_amount,
        coalesce(deals.currency, '{{ var("reporting_currency") }}') as amount_currency
    from deals
    {{ join_rate('deals', 'deals.rate_date') }}
),

final as (
    select
        converted.deal_key,
        converted.crm_source,
        converted.deal_id,
        coalesce(accounts.account_id, 'Unknown') as account_id,
        coalesce(accounts.account_name, 'Unknown') as account_name,
        coalesce(accounts.industry, 'Unknown') as industry,
        coalesce(accounts.segment, 'Unknown') as segment,
        coalesce(accounts.region, 'Unknown') as region,
        converted.owner_id,
        coalesce(owners.owner_name_masked, 'Unknown') as owner_name_masked,
        converted.deal_type,
        converted.lead_source,
        converted.campaign_id,
        converted.pipeline_id,
        converted.status,
        converted.stage_id,
        coalesce(stages.stage_name, converted.stage_id, 'Unknown') as stage_name,
        converted.amount,
        converted.amount_currency,
        converted.reporting_amount,
        coalesce(bands.amount_band, 'Unknown') as amount_band,
        coalesce(converted.probability, stages.default_probability) as probability,
        converted.created_at,
        converted.created_date,
        converted.close_date,
        converted.first_close_date,
        converted.closed_date,
        {{ cut_fiscal_quarter('converted.closed_date') }} as closed_quarter,
        converted.cycle_days,
        converted.last_changed_at,
        converted.last_activity_date,
        converted.reopenings_count,
        converted.pushes_count,
        converted.pulls_count,
        converted.slips_count,
        converted.pushed_days,
        coalesce(converted.closed_date, converted.close_date) as current_close_date,
        coalesce(converted.closed_date, converted.close_date) - converted.first_close_date as total_days_moved,
        converted.slips_count > 0 as is_slipped,
        case when converted.slips_count >= 3 then '3 and more' else converted.slips_count::text end as slips_band,
        converted.has_timeline,
        converted.is_id_collision
    from converted
    left join accounts
        on
            converted.crm_source = accounts.crm_source
            and converted.account_id = accounts.account_id
    left join owners
        on
            converted.crm_source = owners.crm_source
            and converted.owner_id = owners.owner_id
    left join stages
        on
            converted.crm_source = stages.crm_source
            and converted.stage_id = stages.stage_id
    left join bands
        on
            converted.reporting_amount >= coalesce(bands.min_amount, '-infinity')
            and converted.reporting_amount < coalesce(bands.max_amount, 'infinity')
)

select * from final
