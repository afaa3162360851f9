{# Incremental strategy "replace_deals": every row of a changed deal is replaced. It deletes by the changed deals,
   not by the keys of the new rows as dbt's delete+insert does, so a deal whose rows are all gone disappears.
   The array is looked up in the mart's index; a join would read the mart from end to end. #}
{% macro get_incremental_replace_deals_sql(arg_dict) -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='quoted') | join(', ') %}
    delete from {{ arg_dict['target_relation'] }} as mart
    where mart.deal_key = any(array(select changed.deal_key from changed_deals as changed));

    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }}
    from {{ arg_dict['temp_relation'] }}
{%- endmacro %}
