{# A block of statements that need a table or view for themselves for a moment. A reader who holds it would stop them, and
   behind them everybody else: so each try waits a second and then lets the others pass; after the var lock_tries the
   run fails and names who holds it. Nothing is dropped that something of somebody's own stands on. #}
{% macro try_for_lock(relation) -%}
do $block$
declare
    waits_before constant text := current_setting('lock_timeout');
    dependents text;
begin
    perform set_config('lock_timeout', '1s', true);
    for tries_left in reverse {{ var('lock_tries') }} - 1..0 loop
        begin
            {{ caller() }}
            exit;
        exception
            when lock_not_available then
                if tries_left = 0 then
                    raise exception '{{ relation }} is left as it was, because others are reading it: %. End their transaction, then run again.',
                        coalesce(raw.describe_sessions((
                            select array_agg(pid) from pg_locks
                            where locktype = 'relation' and granted and relation in (select relid from ({{ list_views_on(relation) }}) as held) and pid <> pg_backend_pid()
                        )), 'they have just ended');
                end if;
                perform pg_sleep(1);
            when dependent_objects_still_exist then
                get stacked diagnostics dependents = pg_exception_detail;
                raise exception '{{ relation }} is left as it was, because something needs what goes: %. Drop or change that first, or, if this project makes it, select it too (--select {{ relation.identifier }}+), then run again.',
                    replace(dependents, e'\n', '; ');
        end;
    end loop;
    perform set_config('lock_timeout', waits_before, true);
end
$block$
{%- endmacro %}
