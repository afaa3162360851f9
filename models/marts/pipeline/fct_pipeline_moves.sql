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

-- An exit by winning or losing happens at the amount it closes with: a change of amount in the same instant counts
-- as an increase or decrease first.
final as (
    select
        transitions.deal_key,
        transitions.crm_source,
        transitions.deal_id,
        transitions.scope,
        transitions.valid_from as moved_at,
        {{ cut_month('transitions.valid_from') }} as moved_month,
        transitions.moved_quarter,
        moves.bucket,
        moves.amount::numeric(28, 6) as amount,
        moves.deals_count,
        case when moves.bucket in ('won', 'lost') then transitions.closed_date end as closed_date,
        {{ cut_month('transitions.first_seen_at') }} as first_seen_month,
        transitions._loaded_at
    from transitions
    cross join
        lateral (
            values
            (
                case
                    when transitions.was_in or not transitions.is_in then null
                    when transitions.previous_status is null then 'new'
                    when transitions.previous_status <> 'open' then 'reopened'
                    when transitions.previous_close_date is null then 'dated'
                    else 'pulled_in'
                end,
                transitions.known_amount,
                1
            ),
            (
                case
                    when not transitions.was_in or not (transitions.is_in or transitions.status in ('won', 'lost')) then null
                    when transitions.known_amount > transitions.previous_amount then 'increased'
                    when transitions.known_amount < transitions.previous_amount then 'decreased'
                end,
                abs(transitions.known_amount - transitions.previous_amount),
                0
            ),
            (
                case
                    when
                        transitions.was_in and not transitions.is_in
                        then case transitions.status when 'open' then 'pushed_out' else transitions.status end
                end,
                case transitions.status when 'open' then transitions.previous_amount else transitions.known_amount end,
                1
            )
        ) as moves (bucket, amount, deals_count)
    where moves.bucket is not null
)

select * from final
