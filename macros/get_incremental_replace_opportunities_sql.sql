{# Incremental strategy "replace_opportunities": every row of a changed opportunity is replaced; see replace_deals. #}
{% macro get_incremental_replace_opportunities_sql(arg_dict) -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='quoted') | join(', ') %}
    delete from {{ arg_dict['target_relation'] }} as mart
    using changed_opportunities as changed
    where mart.opportunity_key = changed.opportunity_key;

    insert into {{ arg_dict['target_relation'] }} ({{ columns }})
    select {{ columns }}
    from {{ arg_dict['temp_relation'] }}
{%- endmacro %}
