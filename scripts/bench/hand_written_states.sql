-- The states of Salesforce's deals in one statement, as somebody would write it who needs them once: no layers, no tests, no
-- increments. It takes for granted that each row of raw is the newest of its key, that every deal has a date of creation and a
-- history that begins no earlier, a listed stage and no record type, and that the reporting time zone is UTC.
with opportunities as (
    select
        hashtextextended('salesforce::' || id, 0) as deal_key,
        id as deal_id,
        createddate as created_at,
        systemmodstamp as modified_at,
        stagename as stage,
        amount,
        probability,
        closedate as close_date,
        forecastcategoryname as forecast_category,
        ownerid as owner,
        currencyisocode as currency,
        case when iswon then 'won' when isclosed then 'lost' else 'open' end as status,
        case when isclosed then least(closedate, systemmodstamp::date) end as crm_closed_date,
        _loaded_at
    from raw.salesforce_opportunity
    where not _is_deleted and not isdeleted
),

owner_changes as (
    select * from raw.salesforce_opportunity_field_history
    where field = 'Owner' and newvalue ~ '^005[0-9A-Za-z]{12,15}$' and not _is_deleted
),

first_owners as (
    select distinct on (opportunityid)
        opportunityid as deal_id,
        oldvalue as owner
    from owner_changes
    order by opportunityid, createddate, _row_number
),

last_changes as (
    select
        deal_id,
        max(logged_at) as logged_at
    from (
        select
            opportunityid as deal_id,
            createddate as logged_at
        from raw.salesforce_opportunity_history
        where not _is_deleted and not isdeleted
        union all
        select
            opportunityid,
            createddate
        from owner_changes
    ) as changes
    group by deal_id
),

-- Creation, history, changes of the owner, and the deal as it stands now.
points as (
    select
        opportunities.deal_id,
        0 as priority,
        opportunities.created_at as valid_from,
        0 as place,
        true as tells_terms,
        'open' as status,
        null as stage,
        null as amount,
        null as probability,
        null as close_date,
        null as forecast_category,
        coalesce(first_owners.owner, opportunities.owner) as owner,
        null::timestamptz as last_logged_at
    from opportunities
    left join first_owners on opportunities.deal_id = first_owners.deal_id
    union all
    select
        history.opportunityid,
        1,
        history.createddate,
        history._row_number,
        true,
        case when stages.iswon then 'won' when stages.isclosed then 'lost' else 'open' end,
        history.stagename,
        history.amount,
        history.probability,
        history.closedate,
        history.forecastcategory,
        null,
        null
    from raw.salesforce_opportunity_history as history
    inner join raw.salesforce_opportunity_stage as stages on history.stagename = stages.masterlabel
    where not history._is_deleted and not history.isdeleted
    union all
    select
        opportunityid,
        1,
        createddate,
        _row_number,
        false,
        null,
        null,
        null,
        null,
        null,
        null,
        newvalue,
        null
    from owner_changes
    union all
    select
        opportunities.deal_id,
        2,
        greatest(opportunities.modified_at, last_changes.logged_at),
        0,
        true,
        opportunities.status,
        opportunities.stage,
        opportunities.amount,
        opportunities.probability,
        opportunities.close_date,
        opportunities.forecast_category,
        opportunities.owner,
        last_changes.logged_at
    from opportunities
    left join last_changes on opportunities.deal_id = last_changes.deal_id
),

numbered as (
    select
        *,
        row_number() over deal as number
    from points
    window deal as (partition by deal_id order by priority, valid_from, place)
),

-- How many rows back the terms and the owner in force were told.
counted as (
    select
        *,
        (number - max(number) filter (where tells_terms) over deal)::integer as terms_back,
        (number - max(number) filter (where owner is not null) over deal)::integer as owner_back
    from numbered
    window deal as (partition by deal_id order by priority, valid_from, place)
),

filled as (
    select
        deal_id,
        priority,
        valid_from,
        place,
        lag(status, terms_back) over deal as status,
        lag(stage, terms_back) over deal as stage,
        lag(amount, terms_back) over deal as amount,
        lag(probability, terms_back) over deal as probability,
        lag(close_date, terms_back) over deal as close_date,
        lag(forecast_category, terms_back) over deal as forecast_category,
        lag(owner, owner_back) over deal as owner,
        last_logged_at
    from counted
    window deal as (partition by deal_id order by priority, valid_from, place)
),

-- A closing that the history lacks happened at the end of its day.
dated as (
    select
        opportunities.deal_key,
        opportunities.deal_id,
        case
            when filled.priority = 2 and filled.status <> 'open' and filled.status <> lag(filled.status) over deal
                then
                    greatest(
                        (opportunities.crm_closed_date + 1)::timestamp at time zone 'UTC' - interval '1 microsecond',
                        opportunities.created_at,
                        filled.last_logged_at
                    )
            else filled.valid_from
        end as valid_from,
        filled.priority,
        filled.place,
        filled.status,
        filled.stage,
        filled.owner,
        filled.amount,
        filled.probability,
        filled.close_date,
        filled.forecast_category,
        opportunities.currency,
        opportunities.crm_closed_date,
        opportunities._loaded_at
    from filled
    inner join opportunities on filled.deal_id = opportunities.deal_id
    window deal as (partition by filled.deal_id order by filled.priority, filled.valid_from, filled.place)
),

followed as (
    select
        *,
        lead(valid_from) over deal as next_from
    from dated
    window deal as (partition by deal_key order by priority, valid_from, place)
),

compared as (
    select
        *,
        status is distinct from lag(status) over deal as changes_status,
        lag(deal_id) over deal is null
        or (stage, owner, amount, probability, close_date, forecast_category)
        is distinct from lag((stage, owner, amount, probability, close_date, forecast_category)) over deal as changes_terms,
        max(valid_from) filter (where status <> 'won') over all_of_deal as last_not_won_at,
        max(valid_from) filter (where status <> 'lost') over all_of_deal as last_not_lost_at
    from followed
    -- The last row of an instant counts.
    where next_from is distinct from valid_from
    window
        deal as (partition by deal_key order by priority, valid_from, place),
        all_of_deal as (partition by deal_key order by priority, valid_from, place rows between unbounded preceding and unbounded following)
),

states as (
    select
        *,
        row_number() over deal as state_number,
        lead(valid_from) over deal as valid_to,
        max(valid_from) filter (where changes_status) over deal as closed_at,
        min(valid_from) over deal as first_seen_at
    from compared
    where changes_status or changes_terms
    window deal as (partition by deal_key order by priority, valid_from, place)
)

select
    deal_key,
    'salesforce' as crm_source,
    deal_id,
    state_number,
    valid_from,
    valid_to,
    status,
    stage as stage_id,
    owner as owner_id,
    amount::numeric(20, 4) as amount,
    currency,
    probability::numeric(9, 4) as probability,
    close_date,
    forecast_category,
    case when status <> 'open' then closed_at end as closed_at,
    case
        when status = 'open' then null
        when valid_from > coalesce(case status when 'won' then last_not_won_at else last_not_lost_at end, '-infinity') then crm_closed_date
        else (closed_at at time zone 'UTC')::date
    end as closed_date,
    first_seen_at,
    _loaded_at
from states
