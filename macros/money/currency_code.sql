{# A currency in capitals. What is no code of three letters becomes XXX, which is ISO 4217's for none and has no rate: a
   free text may name a person, and an amount in it is unknown. NULL stays NULL, which is the reporting currency. #}
{% macro currency_code(column) -%}
    case when nullif(btrim({{ column }}), '') !~ '^\s*[A-Za-z]{3}\s*$' then 'XXX' else upper(nullif(btrim({{ column }}), '')) end
{%- endmacro %}
