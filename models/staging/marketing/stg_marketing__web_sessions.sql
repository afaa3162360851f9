with source as (
    {{ newest_versions(source('marketing', 'web_analytics'), key_columns=['session_id']) }}
),

renamed as (
    select
        -- ids
        session_id,
        nullif(btrim(user_id), '') as visitor_id,

        -- text: spellings in lower case, which is how the seed channels lists them; no source is a spelling, too
        coalesce(lower(nullif(btrim(utm_source), '')), '(none)') as channel_spelling,
        coalesce(lower({{ short_text('utm_campaign') }}), '(none)') as campaign,
        nullif(btrim(landing_page), '') as landing_page,

        -- numerics
        coalesce(pageviews, 0) as pageviews,
        coalesce(conversions, 0) as conversions,

        -- booleans
        _is_deleted as is_deleted,

        -- dates and timestamps
        session_date,
        _loaded_at
    from source
)

select * from renamed
