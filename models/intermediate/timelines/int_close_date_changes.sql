-- Grain: one row per deal and change of a known close date to another while it was open before and after.
with states as (
    select * from {{ ref('int_deal_states') }}
),

compared as (
    select
        *,
        lag(status) over deal_states as previous_status,
        lag(close_date) over deal_states as previous_close_date
    from states
    window deal_states as (partition by deal_key order by valid_from)
),

final as (
    select
        deal_key,
        crm_source,
        deal_id,
        row_number() over (partition by deal_key order by valid_from) as change_number,
        valid_from as changed_at,
        stage_id,
        owner_id,
        amount,
        currency,
        previous_close_date as from_date,
        close_date as to_date,
        close_date - previous_close_date as days_moved,
        {{ cut_fiscal_quarter('previous_close_date') }} as from_quarter,
        {{ cut_fiscal_quarter('close_date') }} as to_quarter,
        first_seen_at,
        _loaded_at
    from compared
    where
        status = 'open'
        and previous_status = 'open'
        and close_date <> previous_close_date
)

select * from final
