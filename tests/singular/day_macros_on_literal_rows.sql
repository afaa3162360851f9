-- count_days and summarize_days on literal rows: a day of the change to summer time has 24 hours as well.
with rows_of_days as (
    select {{ count_days('from_at', 'to_at') }} as days
    from (
        values
        ('2024-03-30 12:00+01'::timestamptz, '2024-03-31 13:00+02'::timestamptz),
        ('2024-01-01 00:00+00', '2024-01-03 12:00+00'),
        ('2024-01-01 00:00+00', null)
    ) as literals (from_at, to_at)
),

summary as (
    select
        {{ summarize_days('days', 'every') }},
        {{ summarize_days('days', 'long', 'days > 2') }},
        {{ summarize_days('days', 'none', 'days > 9') }}
    from rows_of_days
)

select *
from summary
where
    (every_mean_days, every_p50_days, every_p90_days) is distinct from (1.75, 1.75, 2.35)
    or (long_mean_days, long_p50_days, long_p90_days) is distinct from (2.5, 2.5, 2.5)
    or (select ({{ divide('1', '3') }}, {{ divide('0', '3') }})) is distinct from (0.3333333333, 0.0)
    or {{ divide('1', '0') }} is not null
    or num_nonnulls(none_mean_days, none_p50_days, none_p90_days) > 0
