-- Grain: one row per CRM, deal and change of its close date while it was open.
-- Incremental: watermark = newest _loaded_at held; key = deal_key. Late, corrected and deleted rows replace all
-- changes of the deal.
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_deals',
        meta={'distribute_by': 'deal_key'},
        pre_hook="{{ collect_changed_deals() }}",
        indexes=[{'columns': ['_loaded_at']}],
    )
}}

with changes as (
    select * from {{ ref('int_close_date_changes') }}
    {{ only_changed_deals() }}
),

final as (
    select
        deal_key,
        crm_source,
        deal_id,
        change_number::integer as change_number,
        changed_at,
        {{ cut_fiscal_quarter(cut_day('changed_at')) }} as changed_quarter,
        stage_id,
        coalesce(owner_id, 'Unknown') as owner_id,
        amount,
        currency,
        from_date,
        to_date,
        from_quarter,
        to_quarter,
        days_moved,
        case when days_moved > 0 then 'pushed' else 'pulled in' end as direction,
        to_quarter > from_quarter as is_slip,
        (count(*) filter (where days_moved > 0) over changes_so_far)::integer as push_number,
        (count(*) filter (where to_quarter > from_quarter) over changes_so_far)::integer as slip_number,
        {{ cut_day('first_seen_at') }} as rate_date,
        _loaded_at
    from changes
    window changes_so_far as (
        partition by deal_key
        order by change_number
        rows unbounded preceding
    )
)

select * from final
