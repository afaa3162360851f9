-- mode: delta, optional. A stream has a start date: what lies before it is missing, not deleted.
-- needs opportunitystage: id, apiname, sortorder, isclosed, iswon
-- takes opportunitystage: masterlabel, defaultprobability, forecastcategoryname
-- newest of opportunitystage: id by _airbyte_extracted_at/_airbyte_emitted_at
-- lacks: stages that did not change since the stream's start date
select
    apiname,
    masterlabel,
    sortorder,
    isclosed,
    iswon,
    defaultprobability,
    forecastcategoryname
from opportunitystage
