{# Incremental strategy "replace_all": for tables so small that all rows are written anew in place. Unlike a
   rebuilt table, views, grants and readers of the old rows stay undisturbed. #}
{% macro get_incremental_replace_all_sql(arg_dict) -%}
    delete from {{ arg_dict['target_relation'] }};

    insert into {{ arg_dict['target_relation'] }} ({{ arg_dict['columns'] }})
    select {{ arg_dict['columns'] }}
    from {{ arg_dict['temp_relation'] }}
{%- endmacro %}
