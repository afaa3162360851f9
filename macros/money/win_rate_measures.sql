{# The columns of rep_win_rate_trend that the reports of one dimension repeat. #}
{% macro win_rate_measures() -%}
    won_count,
    lost_count,
    won_amount,
    lost_amount,
    missing_amount_count,
    win_rate,
    win_rate_by_value,
    win_rate_change_pp,
    trailing_won_count,
    trailing_lost_count,
    trailing_win_rate,
    trailing_win_rate_by_value,
    trailing_average_won_amount,
    trailing_mean_won_cycle_days,
    is_small_sample,
    trailing_rank
{%- endmacro %}
