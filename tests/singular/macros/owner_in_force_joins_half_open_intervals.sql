-- join_owner_at on literal rows: the owner before the first change is unknown, a change counts from its own instant.
with owners as (
    select *
    from (
        values
        (1, '10', '2024-01-02 00:00+00'::timestamptz, '2024-01-05 00:00+00'::timestamptz),
        (1, '11', '2024-01-05 00:00+00', '2024-01-05 00:00+00'),
        (1, '12', '2024-01-05 00:00+00', null)
    ) as literals (deal_key, owner_id, valid_from, valid_to)
),

events as (
    select *
    from (
        values
        (1, '2024-01-01 00:00+00'::timestamptz, null),
        (1, '2024-01-02 00:00+00', '10'),
        (1, '2024-01-04 23:59+00', '10'),
        (1, '2024-01-05 00:00+00', '12'),
        (1, '2030-01-01 00:00+00', '12'),
        (2, '2024-01-03 00:00+00', null)
    ) as literals (deal_key, occurred_at, expected_owner_id)
),

joined as (
    select
        events.*,
        owners.owner_id
    from events
    {{ join_owner_at('events', 'occurred_at') }}
)

select
    deal_key,
    occurred_at,
    expected_owner_id,
    max(owner_id) as owner_id
from joined
group by deal_key, occurred_at, expected_owner_id
-- An event that matches two owners would count twice wherever it is added up.
having max(owner_id) is distinct from expected_owner_id or count(*) != 1
