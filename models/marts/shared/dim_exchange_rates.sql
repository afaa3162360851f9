-- Grain: one row per currency and interval in which one rate to the reporting currency holds. A deal is
-- converted at the rate of its creation date throughout its life, so that no rate ever moves the pipeline.
with rates as (
    select * from {{ ref('stg_settings__exchange_rates') }}
    where to_currency = '{{ var("reporting_currency") }}'
),

final as (
    select
        from_currency as currency,
        to_currency as reporting_currency,
        valid_from,
        coalesce(lead(valid_from) over (partition by from_currency order by valid_from), 'infinity') as valid_to,
        rate
    from rates
    where from_currency <> to_currency
    union all
    select
        '{{ var("reporting_currency") }}' as currency,
        '{{ var("reporting_currency") }}' as reporting_currency,
        '-infinity' as valid_from,
        'infinity' as valid_to,
        1 as rate
)

select * from final
