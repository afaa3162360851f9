-- mode: delta. A stream has a start date: what lies before it is missing, not deleted.
-- needs opportunity: id, stagename, isclosed, iswon
-- takes opportunity: isdeleted, accountid, name, amount, probability, closedate, type, leadsource, forecastcategoryname
-- takes opportunity: campaignid, currencyisocode, ownerid, createddate, lastactivitydate, systemmodstamp, recordtypeid
-- newest of opportunity: id by _airbyte_extracted_at/_airbyte_emitted_at
-- lacks: rows from before the stream's start date
select
    id,
    isdeleted,
    accountid,
    name,
    stagename,
    amount,
    probability,
    left(closedate, 10) as closedate,
    type,
    leadsource,
    isclosed,
    iswon,
    forecastcategoryname,
    campaignid,
    currencyisocode,
    ownerid,
    createddate,
    left(lastactivitydate, 10) as lastactivitydate,
    systemmodstamp,
    recordtypeid
from opportunity
