-- count_days, summarize_days and end_of_day on literal rows: a day of the change to summer time has 24 hours as well.
with rows_of_days as (
    select {{ count_days('from_at', 'to_at') }} as elapsed
    from (
        values
        ('2024-03-30 12:00+01'::timestamptz, '2024-03-31 13:00+02'::timestamptz),
        ('2024-01-01 00:00+00', '2024-01-03 12:00+00'),
        ('2024-01-01 00:00+00', null)
    ) as literals (from_at, to_at)
),

summary as (
    select
        {{ summarize_days('elapsed', 'every') }},
        {{ summarize_days('elapsed', 'long', 'elapsed > 2') }},
        {{ summarize_days('elapsed', 'none', 'elapsed > 9') }}
    from rows_of_days
)

select *
from summary
where
    (every_mean_days, every_p50_days, every_p90_days) is distinct from (1.75, 1.75, 2.35)
    or (long_mean_days, long_p50_days, long_p90_days) is distinct from (2.5, 2.5, 2.5)
    or {{ divide('1', '3') }} is distinct from 0.3333333333
    or {{ divide('0', '3') }} is distinct from 0
    or {{ divide('1', '0') }} is not null
    or {{ cut_day(end_of_day("'2024-03-30'::date")) }} is distinct from '2024-03-31'
    or {{ cut_day('(' ~ end_of_day("'2024-03-30'::date") ~ " - interval '1 microsecond')") }} is distinct from '2024-03-30'
    or num_nonnulls(none_mean_days, none_p50_days, none_p90_days) > 0
