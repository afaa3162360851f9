-- Puts raw's two logs into partitions by the month of their load, rows and all; docs/partitions.md says what for.
-- To run as a superuser while nothing is loaded or built, then init.sql again (indexes and rights), then
-- dbt build --full-refresh: the staging views go with the old tables. Running it again adds the coming months.
do $$
declare
    log text;
    month date;
    name text;
begin
    foreach log in array array['deal_changes', 'activity'] loop
        if (select relkind from pg_class where oid = format('raw.%I', log)::regclass) <> 'p' then
            execute format('alter table raw.%I rename to %I', log, log || '_whole');
            execute format(
                'create table raw.%I (like raw.%I including defaults including comments) partition by range (_loaded_at)',
                log, log || '_whole'
            );
            -- For what no month was made for: a load never fails for want of a partition.
            execute format('create table raw.%I partition of raw.%I default', log || '_rest', log);
        end if;
        for month in
            select generate_series(date_trunc('month', now()), now() + interval '12 months', interval '1 month')
        loop
            name := log || to_char(month, '_YYYY_MM');
            continue when to_regclass(format('raw.%I', name)) is not null;
            execute format(
                'create table raw.%I partition of raw.%I for values from (%L) to (%L)',
                name, log, month, month + interval '1 month'
            );
        end loop;
        if to_regclass(format('raw.%I', log || '_whole')) is not null then
            execute format('insert into raw.%I select * from raw.%I', log, log || '_whole');
            execute format('drop table raw.%I cascade', log || '_whole');
        end if;
    end loop;
end
$$;
