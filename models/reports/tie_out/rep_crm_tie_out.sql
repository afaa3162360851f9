-- Grain: one row per CRM, pipeline, stage, owner, status and currency that a deal has by the log or by the CRM's list.
with all_deals as (
    select * from {{ ref('int_deal_tie_out') }}
),

-- A CRM of which the list alone is loaded has no log to compare it with.
compared as (
    select * from all_deals
    where
        crm_source in (
            select with_log.crm_source from all_deals as with_log
            where with_log.has_history
        )
),

unlisted as (
    select * from {{ ref('rep_crm_tie_out_deals') }}
    where difference = 'not in the CRM''s list'
),

stages as (
    select * from {{ ref('dim_stages') }}
),

owners as (
    select * from {{ ref('dim_owners') }}
),

-- Each deal twice, as it stands on either side. What the list does not tell is taken from the log: it cannot differ.
{% set fields = ['pipeline_id', 'stage_id', 'owner_id', 'status', 'currency'] %}

sides as (
    {%- for relation in ['compared', 'unlisted'] %}
    select
        crm_source,
        'log' as side,
        {%- for field in fields %}
        log_{{ field }} as {{ field }},
        {%- endfor %}
        log_amount as amount,
        difference
    from {{ relation }}
    where log_status <> 'deleted'
    union all
    {%- endfor %}
    select
        crm_source,
        'crm' as side,
        {%- for field in fields %}
        coalesce(crm_{{ field }}, log_{{ field }}) as {{ field }},
        {%- endfor %}
        coalesce(crm_amount, log_amount) as amount,
        difference
    from compared
    where crm_status is distinct from 'deleted'
),

named as (
    select
        crm_source,
        side,
        coalesce(pipeline_id, {{ default_pipeline('crm_source') }}) as pipeline_id,
        coalesce(stage_id, 'Unknown') as stage_id,
        coalesce(owner_id, 'Unknown') as owner_id,
        coalesce(status, 'Unknown') as status,
        coalesce(currency, '{{ var("reporting_currency") }}') as currency,
        amount,
        difference
    from sides
),

counted as (
    select
        crm_source,
        pipeline_id,
        stage_id,
        owner_id,
        status,
        currency,
        count(*) filter (where side = 'log') as log_deals_count,
        count(*) filter (where side = 'crm') as crm_deals_count,
        coalesce(sum(amount) filter (where side = 'log'), 0) as log_amount,
        coalesce(sum(amount) filter (where side = 'crm'), 0) as crm_amount,
        count(*) filter (where difference <> 'none' and side = 'log') as differing_log_deals_count,
        count(*) filter (where difference <> 'none' and side = 'crm') as differing_crm_deals_count
    from named
    group by crm_source, pipeline_id, stage_id, owner_id, status, currency
),

final as (
    select
        counted.crm_source,
        counted.pipeline_id,
        counted.stage_id,
        coalesce(stages.stage_name, counted.stage_id) as stage_name,
        counted.owner_id,
        coalesce(owners.owner_name_masked, 'Unknown') as owner_name_masked,
        counted.status,
        counted.currency,
        counted.log_deals_count,
        counted.crm_deals_count,
        counted.crm_deals_count - counted.log_deals_count as deals_count_difference,
        round(counted.log_amount, 2)::numeric(20, 2) as log_amount,
        round(counted.crm_amount, 2)::numeric(20, 2) as crm_amount,
        round(counted.crm_amount - counted.log_amount, 2)::numeric(20, 2) as amount_difference,
        counted.differing_log_deals_count,
        counted.differing_crm_deals_count
    from counted
    left join stages on counted.crm_source = stages.crm_source and counted.stage_id = stages.stage_id
    left join owners on counted.crm_source = owners.crm_source and counted.owner_id = owners.owner_id
)

select * from final
