{# Pre-hook of a mart keyed by deal: locks the mart against a second run, then collects the deals with rows
   loaded since the mart's watermark (the newest _loaded_at it holds) into the temporary table changed_deals. #}
{% macro collect_changed_deals(relations) -%}
    {% if is_incremental() %}
        select pg_advisory_xact_lock(hashtextextended('{{ this }}', 0));
        create temporary table changed_deals on commit drop as
        {% for relation in relations %}
        select changes.deal_id
        from {{ relation }} as changes
        where changes._loaded_at > (select coalesce(max(mart._loaded_at), '-infinity') from {{ this }} as mart)
        {{ 'union' if not loop.last }}
        {% endfor %};
        analyze changed_deals
    {% endif %}
{%- endmacro %}
