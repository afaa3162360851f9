{# The columns of rep_executive_dashboard that the setting alert_thresholds may judge. #}
{% macro dashboard_metrics() -%}
    {{- return([
        'win_rate_qtd', 'win_rate_change_pp', 'overdue_share', 'overdue_count', 'coverage_ratio', 'slippage_rate',
        'revenue_qtd_change', 'health_score', 'missing_amount_share',
    ]) -}}
{%- endmacro %}
