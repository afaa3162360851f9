{# The integer that a deal's rows are looked up, partitioned, replaced and distributed by, from its CRM, the CRM's account
   ('' for the first one) and the CRM's id. Two ids could share a hash (a chance of 3 in a million at 10 million deals):
   the test deal_keys_are_of_one_deal says so. raw has an index on the same expression. #}
{% macro deal_key(crm_source, id_column, crm_account='') -%}
    hashtextextended('{{ crm_source }}:{{ crm_account }}:' || {{ id_column }}, 0)
{%- endmacro %}
