-- Grain: one row per CRM, dimension, member and from → to fiscal quarter of slip events (close dates moved to a later
-- quarter while open). Dimensions: all, stage, owner, segment, amount_band, slip_number (repeat slips).
{% set members = {
    'all': ("'All'", "'All'"),
    'stage': ('stage_id', 'stage_name'),
    'owner': ('owner_id', 'owner_name_masked'),
    'segment': ('segment', 'segment'),
    'amount_band': ('amount_band', 'amount_band'),
    'slip_number': (
        'least(slip_number, 4)::text',
        "case when slip_number >= 4 then '4 and more' else slip_number::text end",
    ),
} %}

with changes as (
    select * from {{ ref('fct_close_date_changes') }}
    where is_slip
),

deals as (
    select * from {{ ref('fct_deals') }}
),

rates as (
    select * from {{ ref('dim_exchange_rates') }}
),

as_of as (
    select * from {{ ref('dim_as_of') }}
),

owners as (
    select * from {{ ref('dim_owners') }}
),

stages as (
    select * from {{ ref('dim_stages') }}
),

bands as (
    select * from {{ ref('stg_settings__amount_bands') }}
),

slips as (
    select
        changes.deal_key,
        changes.crm_source,
        changes.from_quarter,
        changes.to_quarter,
        changes.days_moved,
        changes.slip_number,
        changes.owner_id,
        coalesce(owners.owner_name_masked, 'Unknown') as owner_name_masked,
        coalesce(changes.stage_id, 'Unknown') as stage_id,
        coalesce(stages.stage_name, changes.stage_id, 'Unknown') as stage_name,
        deals.segment,
        {{ convert_currency('changes.amount') }} as reporting_amount,
        coalesce(bands.amount_band, 'Unknown') as amount_band
    from changes
    cross join as_of
    inner join deals on changes.deal_key = deals.deal_key
    {{ join_rate('changes', 'changes.rate_date') }}
    left join bands
        on
            {{ convert_currency('changes.amount') }} >= coalesce(bands.min_amount, '-infinity')
            and {{ convert_currency('changes.amount') }} < coalesce(bands.max_amount, 'infinity')
    left join owners
        on
            changes.crm_source = owners.crm_source
            and changes.owner_id = owners.owner_id
    left join stages
        on
            changes.crm_source = stages.crm_source
            and changes.stage_id = stages.stage_id
    where changes.changed_at < {{ end_of_day('as_of.as_of_date') }}
),

counted as (
    {%- for dimension, (member_id, member_name) in members.items() %}
    select
        crm_source,
        '{{ dimension }}' as dimension,
        {{ member_id }} as member_id,
        {{ member_name }} as member_name,
        from_quarter,
        to_quarter,
        (
            (date_part('year', to_quarter) - date_part('year', from_quarter)) * 4
            + (date_part('month', to_quarter) - date_part('month', from_quarter)) / 3
        )::integer as quarters_moved,
        count(*) as slips_count,
        count(distinct deal_key) as deals_count,
        count(*) filter (where slip_number > 1) as repeat_slips_count,
        sum(days_moved) as pushed_days,
        sum(reporting_amount) as slipped_amount,
        count(*) filter (where reporting_amount is null) as missing_amount_count
    from slips
    group by crm_source, member_id, member_name, from_quarter, to_quarter
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

compared as (
    select
        *,
        lag(slips_count) over same_move as previous_slips_count,
        lag(from_quarter) over same_move = from_quarter - interval '3 months' as is_adjacent
    from counted
    window same_move as (partition by crm_source, dimension, member_id, member_name, quarters_moved order by from_quarter)
),

final as (
    select
        crm_source,
        dimension,
        member_id,
        member_name,
        from_quarter,
        to_quarter,
        quarters_moved,
        slips_count,
        deals_count,
        repeat_slips_count,
        pushed_days,
        {{ divide('pushed_days', 'slips_count', 4) }} as mean_pushed_days,
        round(slipped_amount, 2) as slipped_amount,
        missing_amount_count,
        slips_count - case when is_adjacent then previous_slips_count else 0 end as change_from_previous_quarter
    from compared
)

select * from final
