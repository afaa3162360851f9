{# Pre-hook of rep_sales_funnel_monthly: what the deals changed since its watermark counted for at the watermark
   (negative) and count for at the horizon (positive), by month and step, in the temporary table funnel_moves.
   The same view answers both: the setting sales_funnel.loaded_until moves it back in time. #}
{% macro collect_funnel_moves(funnel_events, changed_relations) -%}
    {% if is_incremental() %}
        {{ collect_changed_deals(changed_relations) }};
        create temporary table funnel_moves (
            month date, funnel_step text, deals_count bigint, entries_count bigint
        ) on commit drop;
        {% for moment, sign in [('before', '-'), ('now', '+')] %}
        select set_config(
            'sales_funnel.loaded_until',
            {% if moment == 'before' %}(select coalesce(max(_loaded_at), '-infinity')::text from {{ this }}){% else %}''{% endif %},
            true
        );
        insert into funnel_moves
        select
            occurred_month,
            funnel_step,
            {{ sign }} count(*) filter (where entry_number = 1),
            {{ sign }} count(*)
        from {{ funnel_events }}
        where
            pipeline_id = {{ var('default_pipeline_id') }}
            and deal_id = any(array(select changed.deal_id from changed_deals as changed))
        group by occurred_month, funnel_step;
        {% endfor %}
    {% endif %}
{%- endmacro %}
