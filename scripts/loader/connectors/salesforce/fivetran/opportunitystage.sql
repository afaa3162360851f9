-- mode: full, optional. The first sync brings every row, and Fivetran removes none: it marks what is deleted.
-- needs opportunity_stage: id, api_name/apiname, sort_order/sortorder, is_closed/isclosed, is_won/iswon
-- takes opportunity_stage: master_label/masterlabel, default_probability/defaultprobability
-- takes opportunity_stage: forecast_category_name/forecastcategoryname, _fivetran_deleted
-- newest of opportunity_stage: id by _fivetran_start
-- lacks: nothing
select
    api_name as apiname,
    master_label as masterlabel,
    sort_order as sortorder,
    is_closed as isclosed,
    is_won as iswon,
    default_probability as defaultprobability,
    forecast_category_name as forecastcategoryname,
    coalesce(_fivetran_deleted = 'true', false) as _is_deleted
from opportunity_stage
