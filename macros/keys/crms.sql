{# The CRMs whose deals are read: for each of them there is a log (int_<crm>__deal_events) and a list of stages (int_<crm>__stages). A
   further CRM is one more name here. #}
{% macro crms() -%}
    {{ return(['pipedrive', 'salesforce', 'hubspot']) }}
{%- endmacro %}
