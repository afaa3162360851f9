with chosen as (
    {{ choose_settings('opportunity_score_bands', key_columns=['factor', 'band']) }}
),

final as (
    select
        factor,
        band,
        case when num_nulls(min_value, max_value) < 2 then coalesce(min_value, '-Infinity') end as min_value,
        case when num_nulls(min_value, max_value) < 2 then coalesce(max_value, 'Infinity') end as max_value,
        points
    from chosen
)

select * from final
