-- Grain: one row per currency and interval in which one rate to the reporting currency holds. A deal is
-- converted at the rate of its creation date throughout its life, so that no rate ever moves the pipeline.
-- Where only the rate from the reporting currency is listed, as Salesforce's are, it is read the other way round.
with listed as (
    select * from {{ ref('stg_settings__exchange_rates') }}
    where from_currency <> to_currency
),

direct as (
    select
        from_currency,
        valid_from,
        rate
    from listed
    where to_currency = '{{ var("reporting_currency") }}'
),

rates as (
    select * from direct
    union all
    select
        to_currency as from_currency,
        valid_from,
        1 / rate as rate
    from listed
    where
        from_currency = '{{ var("reporting_currency") }}'
        and to_currency not in (select direct.from_currency from direct)
),

final as (
    select
        from_currency as currency,
        '{{ var("reporting_currency") }}' as reporting_currency,
        valid_from,
        coalesce(lead(valid_from) over (partition by from_currency order by valid_from), 'infinity') as valid_to,
        rate,
        rate as exact_rate
    from rates
    union all
    select
        '{{ var("reporting_currency") }}' as currency,
        '{{ var("reporting_currency") }}' as reporting_currency,
        '-infinity' as valid_from,
        'infinity' as valid_to,
        1 as rate,
        1 as exact_rate
)

select * from final
