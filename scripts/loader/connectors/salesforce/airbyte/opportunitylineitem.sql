-- mode: delta, optional. A stream has a start date: what lies before it is missing, not deleted.
-- needs opportunitylineitem: id, opportunityid
-- takes opportunitylineitem: product2id, productcode, quantity, unitprice, totalprice, isdeleted
-- newest of opportunitylineitem: id by _airbyte_extracted_at/_airbyte_emitted_at
-- lacks: rows from before the stream's start date
select
    id,
    opportunityid,
    product2id,
    productcode,
    quantity,
    unitprice,
    totalprice,
    isdeleted
from opportunitylineitem
