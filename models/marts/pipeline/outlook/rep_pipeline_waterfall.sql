-- Grain: one row per CRM, scope, period type (month, quarter) and period, dense. start + new + reopened + pulled in +
-- increased - decreased - pushed out - won - lost = end, by value and (without amount changes) by count.
-- Scope 'due': open and due by the end of the fiscal quarter that holds the period, overdue included. Scope 'all':
-- everything open, where nothing can be pulled in or pushed out and each end is the next start.
with states as (
    select
        *,
        coalesce(reporting_amount, 0) as known_amount,
        lag(status) over (partition by opportunity_key, crm_source, opportunity_id order by valid_from) as previous_status,
        lag(close_date) over (partition by opportunity_key, crm_source, opportunity_id order by valid_from) as previous_close_date,
        coalesce(lag(reporting_amount) over (partition by opportunity_key, crm_source, opportunity_id order by valid_from), 0)
            as previous_amount
    from {{ ref('fct_opportunity_states') }}
),

sources as (
    select distinct crm_source
    from states
),

quarters as (
    select * from {{ ref('dim_fiscal_quarters') }}
),

as_of as (
    select * from {{ ref('dim_pipeline_as_of') }}
),

periods as (
    select
        'quarter' as period_type,
        quarter as period,
        measured_day,
        last_day as due_day,
        is_complete
    from quarters
    union all
    select
        'month' as period_type,
        month_start::date as period,
        least((month_start + interval '1 month')::date - 1, as_of.as_of_date) as measured_day,
        quarters.last_day as due_day,
        (month_start + interval '1 month')::date - 1 <= as_of.as_of_date as is_complete
    from quarters
    cross join as_of
    cross join lateral generate_series(quarters.quarter, quarters.measured_day, interval '1 month') as month_start
),

scoped_periods as (
    select
        periods.*,
        scopes.scope,
        sources.crm_source,
        case scopes.scope when 'due' then periods.due_day else 'infinity' end as scope_day,
        {{ end_of_day('periods.period - 1') }} as starts_at,
        {{ end_of_day('periods.measured_day') }} as ends_at
    from periods
    cross join (values ('due'), ('all')) as scopes (scope)
    cross join sources
),

-- The state of every opportunity before and after each change of the period, in or out of the scope.
transitions as (
    select
        scoped_periods.crm_source,
        scoped_periods.scope,
        scoped_periods.period_type,
        scoped_periods.period,
        states.status,
        states.previous_status,
        states.known_amount,
        states.previous_amount,
        states.previous_close_date is null and states.first_seen_at >= scoped_periods.starts_at as is_first_date,
        coalesce(
            states.previous_status = 'open' and (scoped_periods.scope = 'all' or states.previous_close_date <= scoped_periods.scope_day),
            false
        ) as was_in,
        coalesce(
            states.status = 'open' and (scoped_periods.scope = 'all' or states.close_date <= scoped_periods.scope_day),
            false
        ) as is_in
    from scoped_periods
    inner join states
        on
            scoped_periods.crm_source = states.crm_source
            and scoped_periods.starts_at <= states.valid_from
            and scoped_periods.ends_at > states.valid_from
),

-- An exit by winning or losing happens at the amount it closes with: a change of amount in the same instant counts
-- as an increase or decrease first.
moves as (
    select
        transitions.crm_source,
        transitions.scope,
        transitions.period_type,
        transitions.period,
        bucket_moves.bucket,
        bucket_moves.amount,
        bucket_moves.opportunities
    from transitions
    cross join
        lateral (
            values
            (
                case
                    when transitions.was_in or not transitions.is_in then null
                    when transitions.previous_status is null or (transitions.previous_status = 'open' and transitions.is_first_date) then 'new'
                    when transitions.previous_status = 'open' then 'pulled_in'
                    else 'reopened'
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
        ) as bucket_moves (bucket, amount, opportunities)
    where bucket_moves.bucket is not null
),

sums as (
    select
        crm_source,
        scope,
        period_type,
        {%- for bucket in ['new', 'reopened', 'pulled_in', 'increased', 'decreased', 'pushed_out', 'won', 'lost'] %}
        coalesce(sum(amount) filter (where bucket = '{{ bucket }}'), 0) as {{ bucket }}_amount,
        coalesce(sum(opportunities) filter (where bucket = '{{ bucket }}'), 0) as {{ bucket }}_count,
        {%- endfor %}
        period
    from moves
    group by crm_source, scope, period_type, period
),

-- Start and end are read from the states, not from the moves, so that the balance is a check.
balances as (
    select
        scoped_periods.crm_source,
        scoped_periods.scope,
        scoped_periods.period_type,
        {%- for moment, at in [('start', 'starts_at'), ('end', 'ends_at')] %}
        {%- set is_then %}states.valid_from < scoped_periods.{{ at }} and (states.valid_to is null or states.valid_to >= scoped_periods.{{ at }}){% endset %}
        coalesce(sum(states.known_amount) filter (where {{ is_then }}), 0) as {{ moment }}_amount,
        count(*) filter (where {{ is_then }}) as {{ moment }}_count,
        {%- endfor %}
        scoped_periods.period
    from scoped_periods
    inner join states
        on
            scoped_periods.crm_source = states.crm_source
            and states.status = 'open'
            and (scoped_periods.scope = 'all' or scoped_periods.scope_day >= states.close_date)
            and scoped_periods.ends_at > states.valid_from
            and (states.valid_to is null or scoped_periods.starts_at <= states.valid_to)
    group by scoped_periods.crm_source, scoped_periods.scope, scoped_periods.period_type, scoped_periods.period
),

final as (
    select
        scoped_periods.crm_source,
        scoped_periods.scope,
        scoped_periods.period_type,
        scoped_periods.period,
        scoped_periods.is_complete,
        coalesce(balances.start_amount, 0) as start_amount,
        {% for bucket in ['new', 'reopened', 'pulled_in', 'increased', 'decreased', 'pushed_out', 'won', 'lost'] -%}
        coalesce(sums.{{ bucket }}_amount, 0) as {{ bucket }}_amount,
        {% endfor -%}
        coalesce(balances.end_amount, 0) as end_amount,
        coalesce(balances.start_count, 0) as start_count,
        {% for bucket in ['new', 'reopened', 'pulled_in', 'pushed_out', 'won', 'lost'] -%}
        coalesce(sums.{{ bucket }}_count, 0) as {{ bucket }}_count,
        {% endfor -%}
        coalesce(balances.end_count, 0) as end_count
    from scoped_periods
    left join sums
        on
            scoped_periods.crm_source = sums.crm_source
            and scoped_periods.scope = sums.scope
            and scoped_periods.period_type = sums.period_type
            and scoped_periods.period = sums.period
    left join balances
        on
            scoped_periods.crm_source = balances.crm_source
            and scoped_periods.scope = balances.scope
            and scoped_periods.period_type = balances.period_type
            and scoped_periods.period = balances.period
)

select * from final
