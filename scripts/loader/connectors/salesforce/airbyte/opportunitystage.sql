-- mode: delta, optional. A stream has a start date: what lies before it is missing, not deleted.
-- needs opportunitystage: id, apiname, sortorder, isclosed, iswon
-- takes opportunitystage: masterlabel, defaultprobability, forecastcategoryname, _airbyte_extracted_at/_airbyte_emitted_at
-- cannot give: stages that did not change since the stream's start date
select distinct on (id)
    apiname,
    masterlabel,
    sortorder,
    isclosed,
    iswon,
    defaultprobability,
    forecastcategoryname
from opportunitystage
order by id, _airbyte_extracted_at desc nulls last
