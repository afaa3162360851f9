{# The columns of rep_executive_dashboard that the setting alert_thresholds may judge, each with the deals that it stands on, for
   min_base. Missing pipeline or revenue is an alert however few deals there are. #}
{% macro dashboard_metrics() -%}
    {{- return({
        'win_rate_qtd': 'won_count_qtd + lost_count_qtd',
        'win_rate_change_pp': 'won_count_qtd + lost_count_qtd',
        'overdue_share': 'open_count',
        'overdue_count': 'open_count',
        'coverage_ratio': '0',
        'slippage_rate': 'slippage_cohort_count',
        'revenue_qtd_change': '0',
        'health_score': 'won_count_qtd + lost_count_qtd',
        'missing_amount_share': 'open_count',
    }) -}}
{%- endmacro %}
