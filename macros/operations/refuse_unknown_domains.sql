{# On-run-start hook: a domain that is spelt otherwise would silently stay on. #}
{% macro refuse_unknown_domains() -%}
    {% set domains = ['funnel', 'pipeline', 'marketing', 'scoring'] %}
    {% set unknown = var('switched_off') | reject('in', domains) | list %}
    {% if execute and (unknown or var('switched_off') is string) %}
        {% do exceptions.raise_compiler_error('the var switched_off is a list of domains, of ' ~ domains | join(', ') ~ '; it is ' ~ var('switched_off')) %}
    {% endif %}
{%- endmacro %}
