-- Grain: one row per deal, funnel step and entry to it: a stage entered, a call completed, a win, a loss.
{{ funnel_events(ref('int_deal_timeline')) }}
