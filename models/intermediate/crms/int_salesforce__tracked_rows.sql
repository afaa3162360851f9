-- Grain: one row per change of a tracked field of a deal that has no history of whole rows, and one for its creation, in the shape of
-- that history: all fields as they stood then.
{% set terms = ['stage', 'amount', 'probability', 'close_date', 'forecast_category'] %}
{# How the history of fields calls them: by the API, and in a report of Salesforce. #}
{%- set fields = {
    'stagename': 'stage',
    'stage': 'stage',
    'amount': 'amount',
    'probability': 'probability',
    'probability (%)': 'probability',
    'closedate': 'close_date',
    'close date': 'close_date',
    'forecastcategoryname': 'forecast_category',
    'forecast category': 'forecast_category',
} %}

with opportunities as (
    select * from {{ ref('stg_salesforce__opportunities') }}
),

field_history as (
    select
        *,
        case lower(field_name)
            {%- for field, term in fields.items() %}
            when '{{ field }}' then '{{ term }}'
            {%- endfor %}
        end as term
    from {{ ref('stg_salesforce__opportunity_field_history') }}
    where
        lower(field_name) in ('{{ fields | join("', '") }}')
        and not is_deleted
        and {{ is_plausible_date('changed_at') }}
),

whole_rows as (
    select * from {{ ref('stg_salesforce__opportunity_history') }}
    where not is_deleted
),

changes as (
    select * from field_history
    where
        not exists (
            select 1
            from whole_rows
            where whole_rows.deal_key = field_history.deal_key
        )
),

-- Beside each change, how many of each field there are so far, and the values of them all.
counted as (
    select
        deal_key,
        opportunity_id,
        first_loaded_at,
        log_position,
        changed_at,
        {%- for term in terms %}
        count(*) filter (where term = '{{ term }}') over so_far as {{ term }}_changes,
        array_agg(old_value) filter (where term = '{{ term }}') over deal as {{ term }}_olds,
        array_agg(new_value) filter (where term = '{{ term }}') over deal as {{ term }}_news,
        {%- endfor %}
        row_number() over so_far as change_number,
        _loaded_at
    from changes
    window
        so_far as (partition by deal_key order by changed_at, first_loaded_at, log_position),
        deal as (
            partition by deal_key order by changed_at, first_loaded_at, log_position
            rows between unbounded preceding and unbounded following
        )
),

-- A field has the old value of its first change until then, or today's where it never changed. What the chance and the forecast were
-- is then not known, nor what the stages of a closed deal were.
valued as (
    select
        counted.deal_key,
        counted.opportunity_id,
        counted.first_loaded_at,
        counted.log_position - (images.number = 0)::integer as log_position,
        case images.number when 0 then opportunities.created_at else counted.changed_at end as changed_at,
        {%- for term in terms %}
        case
            when images.number * counted.{{ term }}_changes > 0 then counted.{{ term }}_news[counted.{{ term }}_changes]
            when counted.{{ term }}_olds is not null then counted.{{ term }}_olds[1]
            {%- if term == 'stage' %}
            else opportunities.stage_name
            {%- elif term in ['amount', 'close_date'] %}
            else opportunities.{{ term }}::text
            {%- endif %}
        end as {{ term }},
        {%- endfor %}
        counted._loaded_at
    from counted
    inner join opportunities on counted.deal_key = opportunities.deal_key
    cross join (values (0), (1)) as images (number)
    where
        (counted.stage_olds is not null or not opportunities.is_closed)
        and (images.number = 1 or (counted.change_number = 1 and opportunities.created_at <= counted.changed_at))
),

final as (
    select
        deal_key,
        opportunity_id,
        changed_at,
        first_loaded_at,
        log_position,
        btrim(stage) as stage_name,
        {{ logged_number('amount', 'numeric(20, 4)') }}::numeric as amount,
        {{ logged_number('probability', 'numeric(9, 4)') }}::numeric as probability,
        {{ logged_date('close_date') }}::date as close_date,
        nullif(btrim(forecast_category), '') as forecast_category,
        _loaded_at
    from valued
    where stage is not null
)

select * from final
