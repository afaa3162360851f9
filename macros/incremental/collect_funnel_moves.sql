{# Pre-hook of rep_sales_funnel_monthly: what the deals changed since its watermark counted for at the watermark
   (negative) and count for at the horizon (positive), by month and step, in the temporary table funnel_moves.
   The same view answers both: the setting sales_funnel.loaded_until moves it back in time and forth again.
   A report that is rebuilt takes back all that it holds, and counts all events. #}
{% macro collect_funnel_moves(funnel_events) -%}
    {% set timeline, newest_load = ref('int_deal_timeline'), loaded_until() %}
    {% if is_incremental() %}
        {% set is_rebuilt = find_reason_to_rebuild() %}
        {{ collect_changed_keys('changed_deals', ['deal_id'], is_rebuilt, is_keyed=false) }};
        create temporary table funnel_moves on commit drop as
        select {{ newest_load }} as loaded_until, null::date as month, null::text as funnel_step, 0::bigint as deals_count, 0::bigint as entries_count;
        {% set watermark %}(select coalesce(max(mart._loaded_at), '-infinity') from {{ this }} as mart){% endset %}
        {% set horizon %}(select moves.loaded_until from funnel_moves as moves where moves.month is null){% endset %}
        {% if is_rebuilt %}
        insert into funnel_moves (month, funnel_step, deals_count, entries_count)
        select month, funnel_step, -deals_count, -entries_count from {{ this }};
        {% endif %}
        {% for moment, sign in [(watermark, '-'), (horizon, '+')] if sign == '+' or not is_rebuilt %}
        select set_config('sales_funnel.loaded_until', {{ moment }}::text, true);
        insert into funnel_moves (month, funnel_step, deals_count, entries_count)
        select occurred_month, funnel_step, {{ sign }} count(*) filter (where entry_number = 1), {{ sign }} count(*)
        from {{ funnel_events }} as events
        {% if target.name == 'citus' -%}
        {# At most one row, of which nothing is read: beside a second timeline Citus sees that all goes by deal, and works on
           the shards; else it brings all events to the coordinator. #}
        left join {{ timeline }} as timeline on events.deal_id = timeline.deal_id and timeline.event_number = 1
        {%- endif %}
        where
            pipeline_id = {{ var('default_pipeline_id') }}
            {% if not is_rebuilt %}and events.deal_id = any(array(select changed.deal_id from changed_deals as changed)){% endif %}
        group by occurred_month, funnel_step;
        {% endfor %}
    {% endif %}
{%- endmacro %}
