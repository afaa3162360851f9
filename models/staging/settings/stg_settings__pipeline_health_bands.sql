with chosen as (
    {{ choose_settings('pipeline_health_bands', key_columns=['part', 'band']) }}
),

final as (
    select
        part,
        coalesce(min_value, '-Infinity') as min_value,
        coalesce(max_value, 'Infinity') as max_value,
        points,
        band
    from chosen
)

select * from final
