{# Statement: gives a view the definition of the temporary view `draft`, which the query made, if it has another. #}
{% macro replace_view(relation, draft, query) -%}
    {% call try_for_lock(relation) -%}
        if pg_get_viewdef(to_regclass('{{ relation }}')) is distinct from pg_get_viewdef('{{ draft }}'::regclass) then
            begin
                execute $view$create or replace view {{ relation }} as {{ query }}
                $view$;
            exception when invalid_table_definition then
                {{ drop_unread_views(relation) }}
                execute 'drop view {{ relation }}';
                execute $view$create view {{ relation }} as {{ query }}
                $view$;
            end;
        end if;
        execute 'drop view {{ draft }}';
    {%- endcall %}
{%- endmacro %}
