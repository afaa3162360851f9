{# Incremental strategy "replace_opportunities": every row of a changed opportunity is replaced; see replace_deals.
   The array is looked up in the mart's index; a join would read the mart from end to end. #}
{% macro get_incremental_replace_opportunities_sql(arg_dict) -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='quoted') | join(', ') %}
    delete from {{ arg_dict['target_relation'] }} as mart
    where mart.opportunity_key = any(array(select changed.opportunity_key from changed_opportunities as changed));

    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }}
    from {{ arg_dict['temp_relation'] }}
{%- endmacro %}
