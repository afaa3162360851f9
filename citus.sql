-- After init.sql, on the coordinator of a Citus cluster: the raw tables that grow go to the shards, by deal, so that a
-- deal's log, its activities and its facts lie together. Safe to run again. docs/citus.md says when and how.

create extension if not exists citus;

-- Facts are distributed by deal_key, which is an expression in raw. Citus distributes by plain columns only, not by generated
-- ones: here the loader fills one.
do $$
declare
    log text;
    expression constant text := 'hashtextextended(''pipedrive::'' || deal_id, 0)';
begin
    foreach log in array array['deal_changes', 'activity'] loop
        continue when exists (select from raw.files where table_name = log and deal_key is not null);
        execute format('alter table raw.%I add column _deal_key bigint', log);
        execute format('update raw.%I set _deal_key = %s', log, expression);
        execute format('alter table raw.%I alter column _deal_key set not null', log);
        execute format('drop index raw.%I', log || '_deal_key');
        execute format('create index %I on raw.%I (_deal_key)', log || '_deal_key', log);
        update raw.files set deal_key = expression where table_name = log;
    end loop;
end
$$;

do $$
declare
    target record;
begin
    for target in
        select names.table_name, names.distribute_by
        from (
            values
            ('raw.deal_changes', '_deal_key'),
            ('raw.activity', '_deal_key'),
            ('raw.stages', null),
            ('raw.fields', null),
            ('raw.users', null),
            ('raw.activity_types', null)
        ) as names (table_name, distribute_by)
        union all
        select 'raw.' || table_name, null from raw.files where is_setting
    loop
        continue when exists (select from pg_dist_partition where logicalrelid = target.table_name::regclass);
        if target.distribute_by is null then
            perform create_reference_table(target.table_name);
        else
            perform create_distributed_table(target.table_name, target.distribute_by, colocate_with => 'default');
        end if;
    end loop;
end
$$;

-- A build reads the shards and writes copies to every node in one transaction, which Citus allows over one connection only.
alter role transformer set citus.multi_shard_modify_mode = 'sequential';
-- What a model forbids the planner (nested loops, in an increment) holds on the shards as well.
alter role transformer set citus.propagate_set_commands = 'local';
