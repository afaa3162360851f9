-- Grain: one row per deal, scope, moment and bucket: what a change of the deal did to the pipeline.
-- Scope 'due': open and due by the end of the fiscal quarter in which the change happens, overdue included. Scope 'all':
-- everything open, where nothing can be pulled in or pushed out.
-- Incremental: watermark = newest _loaded_at held; key = deal_key. Late, corrected and deleted rows replace all
-- moves of the deal.
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_deals',
        meta={'distribute_by': 'deal_key'},
        pre_hook="{{ collect_changed_deals() }}",
        indexes=[{'columns': ['_loaded_at']}],
    )
}}

{% set entered %}
    case
        when was_in or not is_in then null
        when previous_status is null then 'new'
        when previous_status <> 'open' then 'reopened'
        when previous_close_date is null then 'dated'
        else 'pulled_in'
    end
{% endset %}
{% set changed %}
    case
        when not was_in or not (is_in or status in ('won', 'lost')) then null
        when known_amount > previous_amount then 'increased'
        when known_amount < previous_amount then 'decreased'
    end
{% endset %}
{% set left_by = "case when was_in and not is_in then case status when 'open' then 'pushed_out' else status end end" %}

with states as (
    select
        *,
        coalesce(reporting_amount, 0) as known_amount,
        lag(status) over states_in_order as previous_status,
        lag(close_date) over states_in_order as previous_close_date,
        coalesce(lag(reporting_amount) over states_in_order, 0) as previous_amount,
        {{ cut_fiscal_quarter(cut_day('valid_from')) }} as moved_quarter
    from {{ ref('fct_deal_states') }}
    {{ only_changed_deals() }}
    window states_in_order as (partition by deal_key order by valid_from)
),

-- Before and after each change, in or out of the scope.
transitions as (
    select
        states.*,
        scopes.scope,
        coalesce(
            states.previous_status = 'open' and (scopes.scope = 'all' or states.previous_close_date < states.moved_quarter + interval '3 months'),
            false
        ) as was_in,
        coalesce(
            states.status = 'open' and (scopes.scope = 'all' or states.close_date < states.moved_quarter + interval '3 months'),
            false
        ) as is_in
    from states
    cross join (values ('due'), ('all')) as scopes (scope)
),

-- What one change did: entered, changed, left. An exit by winning or losing happens at the amount it closes with: a change of
-- amount in the same instant counts as an increase or decrease first.
moves as (
    select
        transitions.*,
        buckets.bucket
    from transitions
    cross join lateral {{ unfold([(entered,), (changed,), (left_by,)]) }} as buckets (bucket)
    where buckets.bucket is not null
),

final as (
    select
        deal_key,
        crm_source,
        deal_id,
        scope,
        valid_from as moved_at,
        {{ cut_month('valid_from') }} as moved_month,
        moved_quarter,
        bucket,
        (
            case
                when bucket in ('increased', 'decreased') then abs(known_amount - previous_amount)
                when bucket = 'pushed_out' then previous_amount
                else known_amount
            end
        )::numeric(28, 6) as amount,
        case when bucket in ('increased', 'decreased') then 0 else 1 end as deals_count,
        case when bucket in ('won', 'lost') then closed_date end as closed_date,
        {{ cut_month('first_seen_at') }} as first_seen_month,
        _loaded_at
    from moves
)

select * from final
