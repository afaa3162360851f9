-- join_owner_at on literal rows: the owner before the first change is unknown, a change counts from its own instant.
with owners as (
    select *
    from (
        values
        (1, 10, '2024-01-02 00:00+00'::timestamptz, '2024-01-05 00:00+00'::timestamptz),
        (1, 11, '2024-01-05 00:00+00', '2024-01-05 00:00+00'),
        (1, 12, '2024-01-05 00:00+00', null)
    ) as literals (deal_id, user_id, valid_from, valid_to)
),

events as (
    select *
    from (
        values
        (1, '2024-01-01 00:00+00'::timestamptz, null),
        (1, '2024-01-02 00:00+00', 10),
        (1, '2024-01-04 23:59+00', 10),
        (1, '2024-01-05 00:00+00', 12),
        (1, '2030-01-01 00:00+00', 12),
        (2, '2024-01-03 00:00+00', null)
    ) as literals (deal_id, occurred_at, expected_user_id)
),

joined as (
    select
        events.*,
        owners.user_id
    from events
    {{ join_owner_at('events', 'occurred_at') }}
)

select
    deal_id,
    occurred_at,
    expected_user_id,
    max(user_id) as user_id
from joined
group by deal_id, occurred_at, expected_user_id
-- An event that matches two owners would count twice wherever it is added up.
having max(user_id) is distinct from expected_user_id or count(*) != 1
