-- What a mart's key costs an increment: fct_funnel_events at a million rows, once with its primary key, once with the plain index
-- on deal_key that it would have without; 1 % of the deals are deleted and inserted anew in each, in turn, in one transaction.
--
--     python3 scripts/with_venv.py scripts/server/postgres.py psql -f scripts/bench/key_cost.sql
\set ON_ERROR_STOP on
\pset footer off
set client_min_messages to warning;
drop schema if exists key_cost cascade;
create schema key_cost;

create table key_cost.events as
select
    hashint8extended(events.deal_key, copies.copy) as deal_key, events.crm_source, events.deal_id || '-' || copies.copy as deal_id,
    events.pipeline_id, events.funnel_step, events.entry_number, events.is_first_entry, events.owner_id, events.occurred_at,
    events.occurred_month, events._loaded_at
from dev_marts.fct_funnel_events as events
cross join (select generate_series(1, 1 + 1000000 / (select count(*) from dev_marts.fct_funnel_events)) as copy) as copies;
create table key_cost.changed as
select deal_key, ntile(100) over (order by random()) as part
from (select distinct deal_key from key_cost.events) as deals;
create index on key_cost.events (deal_key);

create table key_cost.keyed (like key_cost.events);
alter table key_cost.keyed add primary key (deal_key, pipeline_id, funnel_step, entry_number);
create table key_cost.indexed (like key_cost.events);
create index on key_cost.indexed (deal_key);
create table key_cost.times (task text, index_kind text, seconds numeric);

do $$
declare
    index_kind text;
    started timestamptz;
begin
    foreach index_kind in array array['keyed', 'indexed'] loop
        execute format('create index on key_cost.%I (_loaded_at)', index_kind);
        execute format('create index on key_cost.%I (occurred_month)', index_kind);
        started := clock_timestamp();
        execute format('insert into key_cost.%I select * from key_cost.events', index_kind);
        insert into key_cost.times values ('all rows inserted', index_kind, extract(epoch from clock_timestamp() - started));
        execute format('analyze key_cost.%I', index_kind);
        commit;
    end loop;
    for round in 1..30 loop
        foreach index_kind in array case round % 2 when 0 then array['keyed', 'indexed'] else array['indexed', 'keyed'] end loop
            started := clock_timestamp();
            execute format('delete from key_cost.%I where deal_key = any(array(select deal_key from key_cost.changed where part = $1))', index_kind)
            using round;
            execute format(
                'insert into key_cost.%I select * from key_cost.events where deal_key = any(array(select deal_key from key_cost.changed where part = $1))',
                index_kind
            ) using round;
            commit;
            insert into key_cost.times values ('1 % replaced', index_kind, extract(epoch from clock_timestamp() - started));
            commit;
        end loop;
    end loop;
end $$;

select
    task,
    round(percentile_cont(0.5) within group (order by seconds) filter (where index_kind = 'indexed')::numeric, 3) as "plain index, s",
    round(percentile_cont(0.5) within group (order by seconds) filter (where index_kind = 'keyed')::numeric, 3) as "primary key, s",
    round((
        percentile_cont(0.5) within group (order by seconds) filter (where index_kind = 'keyed')
        / percentile_cont(0.5) within group (order by seconds) filter (where index_kind = 'indexed')
    )::numeric, 2) as ratio
from key_cost.times
group by task
order by task desc;
select count(*) as rows, pg_size_pretty(pg_indexes_size('key_cost.indexed')) as "indexes, plain", pg_size_pretty(pg_indexes_size('key_cost.keyed')) as "indexes, key"
from key_cost.keyed;
drop schema key_cost cascade;
