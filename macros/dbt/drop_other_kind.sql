{# Makes way for a table where a view stands, or the reverse: what `dbt clone` left, or a model that changed its kind. #}
{% macro drop_other_kind(relation) -%}
    {% call statement('drop_other_kind') -%}
        {% call try_for_lock(relation) -%}
            {{ drop_unread_views(relation) }}
            execute $change$drop {{ relation.type | replace('_', ' ') }} {{ relation }}$change$;
        {%- endcall %}
    {%- endcall %}
    {% do adapter.cache_dropped(relation) %}
{%- endmacro %}
