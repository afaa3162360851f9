{# Incremental strategy "replace_deals": every row of a changed deal is replaced. It deletes by the changed deals,
   not by the keys of the new rows as dbt's delete+insert does, so a deal whose rows are all gone disappears. #}
{% macro get_incremental_replace_deals_sql(arg_dict) -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='quoted') | join(', ') %}
    delete from {{ arg_dict['target_relation'] }} as mart
    using changed_deals as changed
    where mart.deal_id = changed.deal_id;

    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }}
    from {{ arg_dict['temp_relation'] }}
{%- endmacro %}
