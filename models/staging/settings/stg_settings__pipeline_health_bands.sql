with chosen as (
    {{ choose_settings(
        'pipeline_health_bands',
        key_columns=['part', 'band'],
        columns={
            'part': "nullif(btrim(part), '')",
            'min_value': 'min_value',
            'max_value': 'max_value',
            'points': 'points',
            'band': "nullif(btrim(band), '')",
        },
    ) }}
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
