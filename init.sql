-- The one definition of roles and of the raw schema, for the embedded server, the
-- container and a database of your own. Safe to run again: it only adds what is missing.
-- Run as a superuser, connected to the project's database. It sets no passwords:
-- scripts/server/postgres.py does, from the environment or from its own generated secrets.

do $$
begin
    if current_setting('server_version_num')::integer < 160000 then
        raise exception 'PostgreSQL 16 or newer is required, this server is %', current_setting('server_version');
    end if;
    if lower(chr(196)) <> chr(228) then
        raise warning 'in this database''s locale no letter outside ASCII has a small and a capital form, so channels and users whose spellings differ in one count apart; to end that, restore raw into a database with a locale of UTF-8, as init makes it on PostgreSQL 17 and newer (docs/backup.md)';
    end if;
end
$$;

-- Roles: loader writes raw; transformer is dbt; reporter is every BI tool; reporter_named is a reporter who sees names. ----

do $$
declare
    role_name text;
begin
    foreach role_name in array array['loader', 'transformer', 'reporter', 'reporter_named'] loop
        if not exists (select from pg_catalog.pg_roles where rolname = role_name) then
            execute format('create role %I login', role_name);
        end if;
    end loop;
    execute format('revoke all on database %I from public', current_database());
    execute format('grant connect, temporary on database %I to loader', current_database());
    execute format('grant connect, temporary, create on database %I to transformer', current_database());
    execute format('grant connect on database %I to reporter', current_database());
    -- What dbt grants to reporter, at each build anew, reporter_named has as well.
    grant reporter to reporter_named;
end
$$;

revoke all on schema public from public;

-- Limits. Roles belong to the server, so these hold in this database only. A role can change its own settings, for a session
-- or for good: they protect from accidents. What it cannot change: privileges and its number of connections.
do $$
declare
    readers constant text[] := '{reporter,reporter_named}';
    writers constant text[] := '{loader,transformer}';
    setting record;
    role_name text;
begin
    for setting in
        select *
        from (values
            (readers, 'default_transaction_read_only', 'on'),
            (readers, 'statement_timeout', '60s'),
            (readers, 'idle_in_transaction_session_timeout', '60s'),
            -- Queues that wait on purpose (a second load, a second build) lift it for themselves.
            (writers, 'lock_timeout', '10min'),
            -- A query whose client is gone ends. Not every operating system can tell.
            (readers || writers, 'client_connection_check_interval', '1s'),
            -- What the database or the server may have otherwise for older applications, and what gives our statements another
            -- meaning or stops them.
            (readers || writers, 'standard_conforming_strings', 'on'),
            (readers || writers, 'client_encoding', 'UTF8'),
            (readers || writers, 'quote_all_identifiers', 'off'),
            (readers || writers, 'default_transaction_isolation', 'read committed'),
            -- docs/operations.md knows messages by their English words.
            (readers || writers, 'lc_messages', 'C')
        ) as settings (role_names, name, value)
    loop
        begin
            foreach role_name in array setting.role_names loop
                execute format('alter role %I in database %I set %I = %L', role_name, current_database(), setting.name, setting.value);
            end loop;
        exception when invalid_parameter_value or insufficient_privilege then
            raise warning '% is not set: %', setting.name, sqlerrm;
        end;
    end loop;
    foreach role_name in array readers loop
        -- Marts by their names alone: those of prod, else those of dev.
        execute format(
            'alter role %I in database %I set search_path = marts, reference, dev_marts, dev_reference', role_name, current_database()
        );
        if (select rolconnlimit from pg_roles where rolname = role_name) = -1 then
            execute format('alter role %I connection limit 20', role_name);
        end if;
    end loop;
end
$$;

-- Advisory locks and large objects are everybody's by default: with the first a reader could stop every load and build, with
-- the second write to the disk. Functions belong to the database, so this leaves the server's other databases alone.
do $$
declare
    function_id regprocedure;
    others text;
begin
    for function_id in
        select oid::regprocedure
        from pg_catalog.pg_proc
        where pronamespace = 'pg_catalog'::regnamespace and proname ~ '^(pg_(try_)?advisory_|lo_|loread$|lowrite$)'
    loop
        begin
            execute format('revoke execute on function %s from public', function_id);
            execute format('grant execute on function %s to loader, transformer', function_id);
        exception when insufficient_privilege then
            null;
        end;
    end loop;
    if has_function_privilege('reporter', 'pg_catalog.pg_advisory_lock(bigint)', 'execute') then
        raise warning 'reporter can take advisory locks and make large objects: only the owner of PostgreSQL''s own functions can revoke that';
    end if;
    select string_agg(quote_ident(datname), ', ' order by datname)
    into others
    from pg_catalog.pg_database
    cross join lateral aclexplode(coalesce(datacl, acldefault('d', datdba))) as privilege
    where datallowconn and not datistemplate and datname <> current_database() and grantee = 0 and privilege_type = 'CONNECT';
    if others is not null then
        raise warning 'every role of this server, reporter included, may connect to %; to end that: revoke connect on database % from public', others, others;
    end if;
end
$$;

create schema if not exists raw;
comment on schema raw is 'CRM and marketing exports, append-only: every version of every row. Written by the loader role only.';
grant usage on schema raw to loader, transformer;
alter default privileges in schema raw grant select on tables to transformer;
alter default privileges in schema raw grant select, insert on tables to loader;

-- What the loader knows of the files ---------------------------------------------------

create table if not exists raw.files (
    file_name text primary key,
    table_name text not null unique,
    key_columns text[] not null,
    optional_columns text[] not null default '{}',
    description text not null
);
alter table raw.files add column if not exists event_time_column text;
alter table raw.files add column if not exists people_of text;
alter table raw.files add column if not exists personal_columns text[] not null default '{}';
alter table raw.files add column if not exists id_columns text[] not null default '{}';
alter table raw.files add column if not exists deal_key text;
alter table raw.files add column if not exists left_out_without text[] not null default '{}';
alter table raw.files add column if not exists retired_when text;
alter table raw.files add column if not exists modified_column text;
alter table raw.files add column if not exists is_setting boolean not null generated always as (starts_with(table_name, 'settings_')) stored;
comment on table raw.files is
    'One row per export file the loader understands: the raw table it lands in, the columns that identify a row '
    '(versions of one key supersede each other) and the columns that a file may lack. event_time_column is set for logs, '
    'whose rows once written stay as they are: it says when. people_of names the CRM whose users a file lists, '
    'personal_columns what raw.forget_person overwrites there. id_columns hold ids that some CRMs number and others spell: '
    'the loader trims them, and writes a number without zeros or a sign in front. deal_key is null but on Citus, where a '
    'log has a column _deal_key to be distributed by: the SQL expression that the loader fills it with. left_out_without are columns '
    'without which a row is about no deal: the loader leaves it out, and says how many. retired_when is a condition on a row that a full '
    'file lacks: where it holds, the source no longer gives the row for its age, so that it is not marked as deleted. '
    'modified_column says when the source last changed a row: an older row in a delta changes nothing. is_setting is true for values of a user''s own that replace '
    'a seed: such a file is always whole, and may lack or delete what it likes. Types and required (not null) columns '
    'are those of the table itself.';

create table if not exists raw.load_batches (
    batch_id bigint generated always as identity primary key,
    _loaded_at timestamptz not null,
    file_name text not null references raw.files,
    source_file text not null,
    mode text not null check (mode in ('full', 'delta')),
    source_timezone text not null,
    checksum text not null,
    rows_read bigint not null,
    rows_new bigint not null,
    rows_changed bigint not null,
    rows_deleted bigint not null,
    rows_unchanged bigint not null,
    rows_rejected bigint not null,
    started_at timestamptz not null,
    finished_at timestamptz not null,
    check (rows_read = rows_new + rows_changed + rows_unchanged + rows_rejected)
);
alter table raw.load_batches add column if not exists plain_bytes bigint;
alter table raw.load_batches add column if not exists fingerprint text;
comment on table raw.load_batches is
    'One row per file and load. rows_read = rows_new + rows_changed + rows_unchanged + rows_rejected; '
    'rows_deleted are tombstones for keys that a full file no longer holds. checksum is the SHA-256 of the file as read. '
    'source_timezone is the zone in which the load read times without an offset. fingerprint is of all that a full load''s '
    'outcome rests on, its table included; plain_bytes is the size of a file whose further rows can be read by themselves: '
    'by both a later load knows what it need not read again (scripts/loader/known_files.py).';

create table if not exists raw.rejected_rows (
    _loaded_at timestamptz not null,
    file_name text not null references raw.files,
    source_file text not null,
    line_number bigint not null,
    column_name text,
    value text,
    reason text not null
);
comment on table raw.rejected_rows is
    'One row per rejected row of a file: the physical line it starts on, the first column at fault (null when the whole row is), '
    'its value (cut to 200 characters) and the reason. A load that is refused leaves no rows here: it names the first '
    'few on its error output.';

-- What only a table's owner may do, and the loader owns none. Each function takes no name but those in raw.files.

create table if not exists raw.parked_definitions (
    table_name text not null,
    definition text not null
);
comment on table raw.parked_definitions is
    'Statements that put back the indexes and defaults taken off an empty table for the time of its first load. Always '
    'empty outside of one. Nobody else may write here: they are executed with the rights of the owner.';

drop sequence if exists raw.row_number;

create or replace function raw.analyze_table(table_name text) returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    is_still_known boolean;
begin
    if not exists (select from raw.files where files.table_name = analyze_table.table_name) then
        raise exception 'raw.files knows no table %', analyze_table.table_name;
    end if;
    select relkind = 'r' and pg_stat_get_mod_since_analyze(pg_class.oid) < 0.1 * reltuples
    into is_still_known
    from pg_class
    where pg_class.oid = format('raw.%I', analyze_table.table_name)::regclass;
    if is_still_known then
        -- As autovacuum has it, little has changed. What every build asks is how much of it is new.
        set local default_statistics_target = 10;
        execute format('analyze raw.%I (_loaded_at)', analyze_table.table_name);
    else
        -- A sample of 30 000 rows says all that the planner asks of raw, in half the time of the usual one.
        set local default_statistics_target = 100;
        execute format('analyze raw.%I', analyze_table.table_name);
    end if;
end
$$;
comment on function raw.analyze_table is
    'Statistics for the planner, after a load: of all columns if the table has grown by a tenth since it was last analyzed. '
    '(The MAINTAIN privilege exists from PostgreSQL 17 on.)';

create or replace function raw.describe_sessions(pids integer[]) returns text
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    select string_agg(
        format(
            'process %s of user %s, application %s, %s since %s', pid, usename, coalesce(nullif(application_name, ''), 'without a name'),
            coalesce(state, 'busy'), to_char(coalesce(xact_start, backend_start), 'YYYY-MM-DD HH24:MI:SS TZ')
        ), '; ' order by xact_start
    )
    from pg_stat_activity
    where pid = any(pids) and datname = current_database()
$$;
comment on function raw.describe_sessions is
    'Who holds what a load or a build waits for. PostgreSQL itself tells a role of its own sessions only. No statement is shown.';

create or replace function raw.begin_first_load(table_name text, loaded_at timestamptz, source_file text) returns boolean
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    target regclass;
    is_empty boolean;
begin
    if not exists (select from raw.files where files.table_name = begin_first_load.table_name) then
        raise exception 'raw.files knows no table %', begin_first_load.table_name;
    end if;
    target := format('raw.%I', begin_first_load.table_name)::regclass;
    -- Citus: the owner and the loader may not write to one shard in one transaction. Partitions: what PostgreSQL tells of
    -- the indexes of a partitioned table would put them back on the parent alone.
    if
        exists (select from pg_extension where extname = 'citus')
        or (select relkind from pg_class where oid = target) = 'p'
    then
        return false;
    end if;
    begin
        execute format('lock table %s in access exclusive mode nowait', target);
    exception when lock_not_available then
        return false;
    end;
    execute format('select not exists (select 1 from %s)', target) into is_empty;
    if not is_empty then
        return false;
    end if;
    insert into raw.parked_definitions
    select begin_first_load.table_name, pg_get_indexdef(indexrelid)
    from pg_index
    where indrelid = target and not exists (select from pg_constraint where conindid = indexrelid)
    union all
    select
        begin_first_load.table_name,
        format(
            'alter table %s %s alter column %I %s', target, case attname when '_row_number' then 'alter column _row_number drop identity,' end,
            attname, coalesce('set default ' || pg_get_expr(adbin, adrelid), 'drop default')
        )
    from pg_attribute
    left join pg_attrdef on attrelid = adrelid and attnum = adnum
    where attrelid = target and attname in ('_loaded_at', '_row_number', '_source_file');
    execute coalesce(
        (
            select string_agg(format('drop index %s', indexrelid::regclass), '; ')
            from pg_index
            where indrelid = target and not exists (select from pg_constraint where conindid = indexrelid)
        ),
        ''
    );
    -- What a transaction writes to a table that it has truncated needs neither log (wal_level minimal) nor later freezing.
    execute format('truncate %s', target);
    execute format(
        'alter table %s alter column _loaded_at set default %L::timestamptz, alter column _source_file set default %L, '
        -- An identity, which needs no sequence of its own and asks for no rights.
        'alter column _row_number drop default, alter column _row_number add generated by default as identity (cache 1000)',
        target, loaded_at, source_file
    );
    return true;
end
$$;
comment on function raw.begin_first_load is
    'Before the first large load of a table: its indexes are built once afterwards instead of row by row, and what is the '
    'same for every row of the load comes from defaults, so that COPY can fill the table itself. False, and nothing done, '
    'where the table is not empty or in use.';

create or replace function raw.end_first_load(table_name text) returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    parked_definition text;
begin
    for parked_definition in
        delete from raw.parked_definitions where parked_definitions.table_name = end_first_load.table_name returning definition
    loop
        execute parked_definition;
    end loop;
end
$$;
comment on function raw.end_first_load is 'Puts back what begin_first_load took off.';

revoke all on function raw.analyze_table, raw.begin_first_load, raw.end_first_load, raw.describe_sessions from public;
grant execute on function raw.analyze_table, raw.begin_first_load, raw.end_first_load, raw.describe_sessions to loader;
grant execute on function raw.describe_sessions to transformer;

-- Forgetting a person: the one exception to append-only --------------------------------

create table if not exists raw.forgotten_people (
    crm text not null,
    person_id text not null,
    forgotten_at timestamptz not null,
    primary key (crm, person_id)
);
comment on table raw.forgotten_people is
    'One row per user of a CRM whose clear text raw.forget_person has overwritten. Later loads of that id store the '
    'placeholder (forgotten).';

create table if not exists raw.forgotten_texts (
    table_name text not null,
    column_name text not null,
    fingerprint text not null,
    replacement text not null,
    primary key (table_name, column_name, fingerprint)
);
comment on table raw.forgotten_texts is
    'One row per value that named a forgotten person: its SHA-256, by which later loads know it again, and what stands '
    'in its place. It holds no clear text.';

create or replace function raw.forget_person(crm text, person_id text) returns table (place text, rows_overwritten bigint)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    people raw.files;
    target record;
    is_known boolean;
    texts text[];
    pattern text;
begin
    select files.* into people from raw.files where files.people_of = forget_person.crm;
    if people.table_name is null then
        raise exception 'no file lists the people of %', forget_person.crm;
    end if;
    execute format(
        'select count(*) > 0, array_agg(distinct btrim(value)) filter (where btrim(value) not in ('''', ''(forgotten)'')) '
        'from raw.%I as versions, unnest(array[%s]) as value where versions.%I::text = $1',
        people.table_name,
        (select string_agg(format('versions.%I', name), ', ') from unnest(people.personal_columns) as name),
        people.key_columns[1]
    ) into is_known, texts using forget_person.person_id;
    if not is_known then
        raise exception 'raw.% has no id %', people.table_name, forget_person.person_id;
    end if;

    -- The person's own rows. What is missing stays missing.
    for target in select name from unnest(people.personal_columns) as name loop
        execute format(
            'update raw.%I set %I = ''(forgotten)'' where %I::text = $1 and %2$I <> ''(forgotten)''',
            people.table_name, target.name, people.key_columns[1]
        ) using forget_person.person_id;
        get diagnostics rows_overwritten = row_count;
        place := format('raw.%I.%I', people.table_name, target.name);
        return next;
    end loop;
    execute format('update raw.%I set _extra = null where %I::text = $1 and _extra is not null', people.table_name, people.key_columns[1])
    using forget_person.person_id;
    get diagnostics rows_overwritten = row_count;
    place := format('raw.%I._extra', people.table_name);
    return next;
    update raw.rejected_rows
    set value = '(forgotten)'
    where
        rejected_rows.file_name = people.file_name
        and forget_person.person_id = any(regexp_split_to_array(rejected_rows.value, '\s*[,;|"\t]\s*'));

    -- Texts of other rows that name the person.
    for target in
        select
            files.table_name,
            attname as column_name,
            format_type(atttypid, null) as type_name,
            files.event_time_column is not null and attname ~ 'value$' as is_logged_value
        from raw.files
        inner join pg_attribute on attrelid = to_regclass(format('raw.%I', files.table_name))
        where
            attnum > 0
            and atttypid in ('text'::regtype, 'json'::regtype, 'jsonb'::regtype)
            and (attname !~ '^_|id$' or attname = '_extra')
            and attname <> all(files.id_columns)
            and not (files.people_of is not null and attname = any(files.personal_columns))
        union all
        values ('rejected_rows', 'value', 'text', false)
        order by 1, 2
    loop
        -- A full name or an address is looked for inside of longer texts; one word, which may mean something else, only as
        -- the whole of a value that a log has set.
        select string_agg(
            case
                when text ~ '[\s@]' then format('(?<![[:alnum:]])%s(?![[:alnum:]])', literal)
                when target.is_logged_value then format('^\s*%s\s*$', literal)
            end,
            '|' order by length(text) desc
        ) into pattern
        from unnest(texts) as text
        cross join lateral regexp_replace(regexp_replace(text, '([^[:alnum:]\s])', '\\\1', 'g'), '\s+', '\\s+', 'g') as literal;
        continue when pattern is null;
        execute format(
            'insert into raw.forgotten_texts '
            'select distinct %1$L, %2$L, encode(sha256(convert_to(%2$I::text, ''UTF8'')), ''hex''), '
            'regexp_replace(%2$I::text, $1, ''(forgotten)'', ''gi'') from raw.%1$I where %2$I::text ~* $1 '
            'on conflict do nothing',
            target.table_name, target.column_name
        ) using pattern;
        execute format(
            'update raw.%1$I set %2$I = regexp_replace(%2$I::text, $1, ''(forgotten)'', ''gi'')::%3$s where %2$I::text ~* $1',
            target.table_name, target.column_name, target.type_name
        ) using pattern;
        get diagnostics rows_overwritten = row_count;
        place := format('raw.%I.%I', target.table_name, target.column_name);
        return next;
        -- Of a text that names two people, what stood in its place after the first.
        update raw.forgotten_texts
        set replacement = regexp_replace(replacement, pattern, '(forgotten)', 'gi')
        where
            forgotten_texts.table_name = target.table_name
            and forgotten_texts.column_name = target.column_name
            and replacement ~* pattern;
    end loop;
    insert into raw.forgotten_people values (forget_person.crm, forget_person.person_id, clock_timestamp())
    on conflict do nothing;
end
$$;
comment on function raw.forget_person is
    'Overwrites the clear text of one user of a CRM in every version of every raw table, in rejected rows and in texts '
    'that name the person, and says how many rows of which column. scripts/loader/forget.py calls it.';
revoke all on function raw.forget_person from public;
grant execute on function raw.forget_person to loader;

-- Pipedrive ----------------------------------------------------------------------------
-- These are the columns of the files; those that the loader fills itself, and the indexes, follow below.
-- Ids are text: whoever exports another CRM in this shape has UUIDs or DEAL-1. The loader writes a number in one way.
-- Every time is an instant: the loader reads one without an offset in the zone of its load.

create table if not exists raw.deal_changes (
    deal_id text not null,
    change_time timestamptz not null,
    changed_field_key text not null,
    new_value text,
    old_value text
);
-- Staging trims the field. Without statistics of that the planner expects one row where there are thousands, and joins
-- them row by row: the first build of fct_funnel_events took a minute on the sample. Citus takes no expressions here.
do $$
begin
    if not exists (select from pg_extension where extname = 'citus') then
        create statistics if not exists raw.deal_changes_field_key on (btrim(changed_field_key)) from raw.deal_changes;
    end if;
end
$$;

create table if not exists raw.activity (
    activity_id text not null,
    type text not null,
    assigned_to_user text,
    deal_id text not null,
    done boolean not null,
    due_to timestamptz not null,
    marked_as_done_time timestamptz
);
alter table raw.activity add column if not exists marked_as_done_time timestamptz;

create table if not exists raw.activity_types (
    id text not null,
    name text not null,
    active boolean not null,
    type text not null
);

create table if not exists raw.stages (
    stage_id text not null,
    stage_name text not null,
    pipeline_id text,
    order_nr integer,
    deal_probability numeric,
    rotten_days integer,
    is_deleted boolean
);
alter table raw.stages add column if not exists is_deleted boolean;

create table if not exists raw.pipedrive_deal (
    id text not null,
    pipeline_id text,
    stage_id text,
    owner_id text,
    status text,
    value numeric,
    currency text,
    probability numeric,
    expected_close_date date,
    add_time timestamptz,
    update_time timestamptz,
    won_time timestamptz,
    lost_time timestamptz,
    lost_reason text,
    org_id text,
    person_id text,
    label text,
    is_deleted boolean
);
alter table raw.pipedrive_deal add column if not exists label text;

create table if not exists raw.pipedrive_organization (
    id text not null,
    name text,
    industry text,
    country text,
    employee_count bigint,
    annual_revenue numeric,
    owner_id text,
    add_time timestamptz,
    is_deleted boolean
);

create table if not exists raw.pipedrive_deal_product (
    id text not null,
    deal_id text not null,
    product_id text,
    name text,
    item_price numeric,
    quantity numeric,
    sum numeric,
    currency text
);

-- Without titles, which often hold a person's name.
create table if not exists raw.pipedrive_lead (
    id text not null,
    source_name text,
    owner_id text,
    person_id text,
    organization_id text,
    is_archived boolean,
    add_time timestamptz not null
);

create table if not exists raw.fields (
    id text not null,
    field_key text not null,
    name text not null,
    field_value_options json
);

create table if not exists raw.users (
    id text not null,
    name text not null,
    email text,
    modified timestamptz,
    active_flag boolean
);
alter table raw.users add column if not exists active_flag boolean;

-- Salesforce ---------------------------------------------------------------------------
-- The timelines filter on a hash of the opportunity's id, as on one of Pipedrive's deal_id.

create table if not exists raw.salesforce_opportunity (
    id text not null,
    isdeleted boolean,
    accountid text,
    name text,
    stagename text not null,
    amount numeric,
    probability numeric,
    closedate date,
    type text,
    leadsource text,
    isclosed boolean not null,
    iswon boolean not null,
    forecastcategoryname text,
    campaignid text,
    currencyisocode text,
    ownerid text,
    createddate timestamptz,
    lastactivitydate date,
    systemmodstamp timestamptz,
    recordtypeid text
);
alter table raw.salesforce_opportunity add column if not exists recordtypeid text;

create table if not exists raw.salesforce_opportunity_history (
    id text not null,
    opportunityid text not null,
    stagename text not null,
    amount numeric,
    probability numeric,
    closedate date,
    forecastcategory text,
    createddate timestamptz not null,
    isdeleted boolean
);

create table if not exists raw.salesforce_opportunity_field_history (
    opportunityid text not null,
    field text not null,
    oldvalue text,
    newvalue text,
    createddate timestamptz not null
);

create table if not exists raw.salesforce_opportunity_stage (
    apiname text not null,
    masterlabel text,
    sortorder integer,
    isclosed boolean not null,
    iswon boolean not null,
    defaultprobability numeric,
    forecastcategoryname text
);
-- A stage that is no longer in use may have none.
alter table raw.salesforce_opportunity_stage alter column sortorder drop not null;

create table if not exists raw.salesforce_account (
    id text not null,
    name text,
    industry text,
    type text,
    annualrevenue numeric,
    numberofemployees bigint,
    billingcountry text,
    parentid text,
    ownerid text,
    createddate timestamptz,
    ispersonaccount boolean
);
alter table raw.salesforce_account add column if not exists ispersonaccount boolean;

create table if not exists raw.salesforce_user (
    id text not null,
    name text,
    email text,
    isactive boolean,
    managerid text,
    userroleid text,
    department text
);
alter table raw.salesforce_user add column if not exists email text;

create table if not exists raw.salesforce_user_role (
    id text not null,
    name text,
    parentroleid text
);

-- What people have done or mean to do for an opportunity. Subjects and descriptions name people, and stay where they are.
create table if not exists raw.salesforce_task (
    id text not null,
    whatid text,
    ownerid text,
    type text,
    tasksubtype text,
    status text,
    isclosed boolean,
    activitydate date,
    completeddatetime timestamptz,
    createddate timestamptz,
    isdeleted boolean
);
alter table raw.salesforce_task add column if not exists isrecurrence boolean;

create table if not exists raw.salesforce_event (
    id text not null,
    whatid text,
    ownerid text,
    type text,
    activitydatetime timestamptz,
    startdatetime timestamptz,
    enddatetime timestamptz,
    isdeleted boolean
);
alter table raw.salesforce_event add column if not exists ischild boolean;
alter table raw.salesforce_event add column if not exists isrecurrence boolean;

-- Of a line the name is left out: it begins with the opportunity's, which often holds a person's.
create table if not exists raw.salesforce_opportunity_line_item (
    id text not null,
    opportunityid text not null,
    product2id text,
    productcode text,
    quantity numeric,
    unitprice numeric,
    totalprice numeric,
    isdeleted boolean
);

-- HubSpot ------------------------------------------------------------------------------
-- Columns are named as HubSpot names its properties. The log is the history of a deal's properties; its order within one
-- instant is that of the rows in the file. Contacts come without names.

create table if not exists raw.hubspot_deal (
    deal_id text not null,
    pipeline text,
    dealstage text,
    amount numeric,
    deal_currency_code text,
    closedate timestamptz,
    createdate timestamptz,
    hs_lastmodifieddate timestamptz,
    hubspot_owner_id text,
    closed_lost_reason text,
    hs_is_closed boolean,
    hs_is_closed_won boolean,
    hs_deal_stage_probability numeric,
    hs_manual_forecast_category text,
    dealtype text,
    hs_analytics_source text,
    notes_last_contacted timestamptz,
    company_id text,
    archived boolean
);

create table if not exists raw.hubspot_deal_property_history (
    deal_id text not null,
    property text not null,
    value text,
    timestamp timestamptz not null,
    source_type text
);

create table if not exists raw.hubspot_pipeline_stage (
    stage_id text not null,
    stage_label text,
    pipeline_id text,
    pipeline_label text,
    display_order integer,
    probability numeric,
    is_closed boolean,
    closed_won boolean,
    archived boolean
);

create table if not exists raw.hubspot_owner (
    owner_id text not null,
    name text,
    email text,
    team text,
    archived boolean
);

create table if not exists raw.hubspot_company (
    company_id text not null,
    name text,
    industry text,
    type text,
    country text,
    annualrevenue numeric,
    numberofemployees bigint,
    hs_parent_company_id text,
    hubspot_owner_id text,
    createdate timestamptz,
    archived boolean
);

create table if not exists raw.hubspot_deal_contact (
    deal_id text not null,
    contact_id text not null,
    lifecyclestage text,
    label text
);

create table if not exists raw.hubspot_line_item (
    line_item_id text not null,
    deal_id text not null,
    product_id text,
    name text,
    quantity numeric,
    price numeric,
    amount numeric,
    currency text,
    createdate timestamptz,
    archived boolean
);

create table if not exists raw.hubspot_merged_deal (
    deal_id text not null,
    merged_deal_id text not null
);

create table if not exists raw.hubspot_engagement (
    engagement_id text not null,
    deal_id text not null,
    type text not null,
    hubspot_owner_id text,
    timestamp timestamptz not null,
    outcome text,
    archived boolean
);

-- Marketing: ads and web sessions, and the Salesforce objects that tie people to campaigns. Leads come without names. --------

create table if not exists raw.salesforce_campaign (
    id text not null,
    name text,
    type text,
    actualcost numeric
);

create table if not exists raw.salesforce_campaign_member (
    campaignid text not null,
    leadid text,
    contactid text,
    createddate timestamptz not null,
    hasresponded boolean,
    firstrespondeddate date
);

create table if not exists raw.salesforce_lead (
    id text not null,
    leadsource text,
    createddate timestamptz not null,
    isconverted boolean,
    converteddate date,
    convertedopportunityid text,
    convertedcontactid text
);

create table if not exists raw.salesforce_opportunity_contact_role (
    opportunityid text not null,
    contactid text not null,
    isprimary boolean
);

create table if not exists raw.ad_spend (
    date date not null,
    campaign_id text not null,
    channel text,
    utm_source text,
    utm_campaign text,
    spend_usd numeric,
    clicks bigint,
    impressions bigint,
    currency text
);
alter table raw.ad_spend add column if not exists currency text;

create table if not exists raw.web_analytics (
    session_id text not null,
    user_id text,
    session_date date not null,
    landing_page text,
    utm_source text,
    utm_campaign text,
    pageviews bigint,
    conversions bigint
);

-- Settings: values of a user's own, each table in place of the seed of its name. --------------------------------------

create table if not exists raw.settings_account_segments (
    segment text not null,
    min_employees bigint not null,
    max_employees bigint
);

create table if not exists raw.settings_alert_thresholds (
    metric text not null,
    severity text not null constraint severity_can_be check (severity in ('critical', 'warning', 'high', 'medium', 'low')),
    direction text not null constraint direction_can_be check (direction in ('below', 'above')),
    threshold numeric not null constraint threshold_can_be check (abs(threshold) < 10000000000),
    min_base bigint not null,
    insight text,
    recommendation text
);
comment on constraint severity_can_be on raw.settings_alert_thresholds is 'is none of critical, warning, high, medium, low';
comment on constraint direction_can_be on raw.settings_alert_thresholds is 'is none of below, above';
comment on constraint threshold_can_be on raw.settings_alert_thresholds is 'is out of range';

create table if not exists raw.settings_amount_bands (
    amount_band text not null,
    min_amount numeric,
    max_amount numeric
);

create table if not exists raw.settings_channels (
    spelling text not null,
    channel text not null,
    utm_source text,
    is_paid boolean not null
);

create table if not exists raw.settings_country_regions (
    country text not null,
    region text not null
);

create table if not exists raw.settings_exchange_rates (
    from_currency text not null,
    to_currency text not null,
    valid_from date not null,
    rate numeric not null constraint rate_can_be check (rate > 0 and rate < 1000000)
);
comment on constraint rate_can_be on raw.settings_exchange_rates is 'is no rate: it must be above 0 and below 1000000';

create table if not exists raw.settings_conversion_horizons (
    horizon_days integer not null constraint horizon_days_can_be check (horizon_days between 1 and 36500)
);
comment on constraint horizon_days_can_be on raw.settings_conversion_horizons is 'is not between 1 and 36500';

create table if not exists raw.settings_deal_urls (
    crm_source text not null,
    url text not null constraint url_can_be check (url ~* '^https?://' and url like '%{id}%')
);
comment on constraint url_can_be on raw.settings_deal_urls is 'is no address of the web with {id} in it, as in https://example.com/deal/{id}';

create table if not exists raw.settings_funnel_dimensions (
    file_name text not null,
    column_name text not null,
    dimension text not null
);

create table if not exists raw.settings_funnel_steps (
    crm_source text,
    pipeline_id text not null,
    step_order integer not null,
    funnel_step text not null,
    kpi_name text not null,
    event_type text not null constraint event_type_can_be check (event_type in ('stage', 'activity', 'outcome')),
    source_value text not null,
    parent_step text
);
comment on constraint event_type_can_be on raw.settings_funnel_steps is 'is none of stage, activity, outcome';

create table if not exists raw.settings_icp_features (
    feature text not null constraint feature_can_be check (feature in ('industry', 'size_band', 'revenue_band', 'country')),
    weight numeric not null constraint weight_can_be check (weight >= 0 and weight < 1000000)
);
comment on constraint feature_can_be on raw.settings_icp_features is 'is none of industry, size_band, revenue_band, country';
comment on constraint weight_can_be on raw.settings_icp_features is 'is no weight: it must be 0 or above, and below 1000000';

create table if not exists raw.settings_icp_grades (
    grade text not null,
    min_share numeric,
    max_share numeric
);

create table if not exists raw.settings_lost_reasons (
    lost_reason text not null
);

create table if not exists raw.settings_opportunity_score_bands (
    factor text not null constraint factor_can_be check (factor in ('stage', 'age', 'slips', 'inactivity', 'icp', 'amount')),
    band text not null,
    min_value numeric,
    max_value numeric,
    points integer not null constraint points_can_be check (points between 0 and 100)
);
comment on constraint factor_can_be on raw.settings_opportunity_score_bands is 'is none of stage, age, slips, inactivity, icp, amount';
comment on constraint points_can_be on raw.settings_opportunity_score_bands is 'is not between 0 and 100';

create table if not exists raw.settings_pipeline_health_bands (
    part text not null constraint part_can_be check (
        part in (
            'win_rate', 'overdue_share', 'average_amount', 'open_count', 'score', 'risk_overdue_share', 'risk_coverage_ratio',
            'risk_win_rate_change_pp', 'forecast_quality', 'forecast_risk_overdue_share', 'forecast_risk_largest_deal_share'
        )
    ),
    min_value numeric,
    max_value numeric,
    points integer not null constraint points_can_be check (points between 0 and 25),
    band text not null
);
comment on constraint part_can_be on raw.settings_pipeline_health_bands is
'is none of win_rate, overdue_share, average_amount, open_count, score, risk_overdue_share, risk_coverage_ratio, risk_win_rate_change_pp, forecast_quality, forecast_risk_overdue_share, forecast_risk_largest_deal_share';
comment on constraint points_can_be on raw.settings_pipeline_health_bands is 'is not between 0 and 25';

create table if not exists raw.settings_revenue_bands (
    revenue_band text not null,
    min_revenue numeric,
    max_revenue numeric
);

create table if not exists raw.settings_sales_quotas (
    crm_source text not null,
    owner_id text not null,
    quarter date not null,
    quota numeric not null constraint quota_can_be check (quota >= 0 and quota <= 9999999999999999),
    currency text not null
);
comment on constraint quota_can_be on raw.settings_sales_quotas is 'is out of range: a quota is 0 or above, and the marts hold up to 9999999999999999';

-- What 0.1.0 made otherwise --------------------------------------------------------------
-- Its times without a zone become the instants that its models read them as: in UTC, or in what the setting
-- sales_funnel.source_timezone names (PGOPTIONS='-c sales_funnel.source_timezone=Europe/Berlin'), where its var
-- source_timezone did. Pipedrive's ids were numbers there, and become the same ids as text. Views on such a column are in
-- the way; dbt makes its own again.

do $$
declare
    zone constant text := coalesce(nullif(current_setting('sales_funnel.source_timezone', true), ''), 'UTC');
    session_zone constant text := current_setting('timezone');
    old_table record;
    dependent regclass;
begin
    execute format('alter table raw.load_batches add column if not exists source_timezone text not null default %L', zone);
    alter table raw.deal_changes add column if not exists old_value text;
    -- Indexes of a number; the ones of today follow.
    if (select atttypid = 'bigint'::regtype from pg_attribute where attrelid = 'raw.deal_changes'::regclass and attname = 'deal_id') then
        drop index if exists raw.deal_changes_deal_id, raw.activity_deal_id, raw.deal_changes_superseding, raw.activity_superseding;
    end if;
    -- The cast from timestamp reads the session's zone.
    perform set_config('timezone', zone, true);
    for old_table in
        select
            pg_class.oid::regclass as name,
            string_agg(
                format('alter column %I type %s', attname, case atttypid when 'timestamp'::regtype then 'timestamptz' else 'text' end), ', '
            ) as changes
        from pg_attribute
        inner join pg_class on pg_class.oid = attrelid
        where
            relnamespace = 'raw'::regnamespace
            and relkind in ('r', 'p')
            and not relispartition
            and (
                atttypid = 'timestamp'::regtype
                or (
                    atttypid = 'bigint'::regtype
                    and relname in ('deal_changes', 'activity', 'activity_types', 'stages', 'fields', 'users')
                    and attname ~ '^([a-z]+_)?id$|^assigned_to_user$'
                )
            )
            and not attisdropped
        group by pg_class.oid
    loop
        for dependent in
            select distinct ev_class::regclass
            from pg_depend
            inner join pg_rewrite on pg_rewrite.oid = objid
            where classid = 'pg_rewrite'::regclass and refobjid = old_table.name and ev_class <> refobjid
        loop
            raise warning 'dropped view % on %, whose times or ids have another type from now on: run dbt build --full-refresh', dependent, old_table.name;
            execute format('drop view if exists %s cascade', dependent);
        end loop;
        execute format('alter table %s %s', old_table.name, old_table.changes);
    end loop;
    perform set_config('timezone', session_zone, true);
end
$$;

insert into raw.files (file_name, table_name, key_columns, optional_columns, description)
values
    ('deal_changes.csv', 'deal_changes', '{deal_id,change_time,changed_field_key,new_value,_occurrence}', '{old_value}', 'Pipedrive deal change log: one row per changed field; the log has no event id, so the whole row is its key, old_value apart'),
    ('activity.csv', 'activity', '{deal_id,activity_id}', '{marked_as_done_time}', 'Pipedrive activities; activity_id alone repeats in real exports'),
    ('activity_types.csv', 'activity_types', '{id}', '{}', 'Pipedrive activity types'),
    ('stages.csv', 'stages', '{stage_id}', '{pipeline_id,order_nr,deal_probability,rotten_days,is_deleted}', 'Pipedrive stages, those that were deleted as well if it says so: deals have been there'),
    ('fields.csv', 'fields', '{id}', '{}', 'Pipedrive deal fields with their options as JSON'),
    ('users.csv', 'users', '{id}', '{active_flag}', 'Pipedrive users'),
    ('deals.csv', 'pipedrive_deal', '{id}', '{pipeline_id,stage_id,owner_id,status,value,currency,probability,expected_close_date,add_time,update_time,won_time,lost_time,lost_reason,org_id,person_id,label,is_deleted}', 'Pipedrive deals as they are now, to be compared with what the log says of them'),
    ('organizations.csv', 'pipedrive_organization', '{id}', '{name,industry,country,employee_count,annual_revenue,owner_id,add_time,is_deleted}', 'Pipedrive organisations: the accounts of its deals'),
    ('deal_products.csv', 'pipedrive_deal_product', '{deal_id,id}', '{product_id,name,item_price,quantity,sum,currency}', 'Pipedrive products of deals: one row per line'),
    ('pipedrive_leads.csv', 'pipedrive_lead', '{id}', '{source_name,owner_id,person_id,organization_id,is_archived}', 'Pipedrive leads, without titles: those that became no deal yet'),
    ('opportunity.csv', 'salesforce_opportunity', '{id}', '{isdeleted,accountid,name,amount,probability,closedate,type,leadsource,forecastcategoryname,campaignid,currencyisocode,ownerid,createddate,lastactivitydate,systemmodstamp,recordtypeid}', 'Salesforce opportunities as they are now'),
    ('opportunityhistory.csv', 'salesforce_opportunity_history', '{opportunityid,id}', '{amount,probability,closedate,forecastcategory,isdeleted}', 'Salesforce opportunity history: one row whenever stage, amount, probability or close date changed'),
    ('opportunityfieldhistory.csv', 'salesforce_opportunity_field_history', '{opportunityid,field,oldvalue,newvalue,createddate,_occurrence}', '{}', 'Salesforce field history, kept 18 to 24 months at the source; owner changes come as two rows, names and ids'),
    ('opportunitystage.csv', 'salesforce_opportunity_stage', '{apiname}', '{masterlabel,sortorder,defaultprobability,forecastcategoryname}', 'Salesforce opportunity stages with their flags'),
    ('account.csv', 'salesforce_account', '{id}', '{name,industry,type,annualrevenue,numberofemployees,billingcountry,parentid,ownerid,createddate,ispersonaccount}', 'Salesforce accounts; those of persons come without names'),
    ('user.csv', 'salesforce_user', '{id}', '{name,email,isactive,managerid,userroleid,department}', 'Salesforce users'),
    ('userrole.csv', 'salesforce_user_role', '{id}', '{name,parentroleid}', 'Salesforce roles of users'),
    ('task.csv', 'salesforce_task', '{id}', '{whatid,ownerid,type,tasksubtype,status,isclosed,activitydate,completeddatetime,createddate,isdeleted,isrecurrence}', 'Salesforce tasks, without their subjects: calls, mails and things to do'),
    ('event.csv', 'salesforce_event', '{id}', '{whatid,ownerid,type,activitydatetime,startdatetime,enddatetime,isdeleted,ischild,isrecurrence}', 'Salesforce events, without their subjects: meetings in the calendar'),
    ('opportunitylineitem.csv', 'salesforce_opportunity_line_item', '{opportunityid,id}', '{product2id,productcode,quantity,unitprice,totalprice,isdeleted}', 'Salesforce products of opportunities: one row per line'),
    ('hubspot_deals.csv', 'hubspot_deal', '{deal_id}', '{pipeline,dealstage,amount,deal_currency_code,closedate,createdate,hs_lastmodifieddate,hubspot_owner_id,closed_lost_reason,hs_is_closed,hs_is_closed_won,hs_deal_stage_probability,hs_manual_forecast_category,dealtype,hs_analytics_source,notes_last_contacted,company_id,archived}', 'HubSpot deals as they are now'),
    ('hubspot_deal_property_history.csv', 'hubspot_deal_property_history', '{deal_id,property,value,timestamp,_occurrence}', '{source_type}', 'HubSpot property history of deals: one row per value of a property; it has no id, so the whole row is its key, source_type apart'),
    ('hubspot_pipeline_stages.csv', 'hubspot_pipeline_stage', '{stage_id}', '{stage_label,pipeline_id,pipeline_label,display_order,probability,is_closed,closed_won,archived}', 'HubSpot stages with the pipeline each belongs to and their flags'),
    ('hubspot_owners.csv', 'hubspot_owner', '{owner_id}', '{name,email,team,archived}', 'HubSpot owners, those who left included'),
    ('hubspot_companies.csv', 'hubspot_company', '{company_id}', '{name,industry,type,country,annualrevenue,numberofemployees,hs_parent_company_id,hubspot_owner_id,createdate,archived}', 'HubSpot companies'),
    ('hubspot_deal_contacts.csv', 'hubspot_deal_contact', '{deal_id,contact_id}', '{lifecyclestage,label}', 'HubSpot contacts of deals, without names'),
    ('hubspot_line_items.csv', 'hubspot_line_item', '{deal_id,line_item_id}', '{product_id,name,quantity,price,amount,currency,createdate,archived}', 'HubSpot line items of deals'),
    ('hubspot_merged_deals.csv', 'hubspot_merged_deal', '{merged_deal_id}', '{}', 'HubSpot deals that were merged into another one: deal_id is kept, merged_deal_id is gone'),
    ('hubspot_engagements.csv', 'hubspot_engagement', '{deal_id,engagement_id}', '{hubspot_owner_id,outcome,archived}', 'HubSpot calls and meetings of deals'),
    ('campaign.csv', 'salesforce_campaign', '{id}', '{name,type,actualcost}', 'Salesforce campaigns'),
    ('campaignmember.csv', 'salesforce_campaign_member', '{campaignid,leadid,contactid}', '{hasresponded,firstrespondeddate}', 'Salesforce campaign members: leads and contacts that a campaign reached'),
    ('lead.csv', 'salesforce_lead', '{id}', '{leadsource,isconverted,converteddate,convertedopportunityid,convertedcontactid}', 'Salesforce leads, without names, and what they were converted into'),
    ('opportunitycontactrole.csv', 'salesforce_opportunity_contact_role', '{opportunityid,contactid}', '{isprimary}', 'Salesforce contacts of opportunities'),
    ('ad_spend.csv', 'ad_spend', '{date,campaign_id}', '{currency}', 'Spend, clicks and impressions per day and campaign, over every ad platform; spend is in USD unless currency names another one'),
    ('web_analytics.csv', 'web_analytics', '{session_id}', '{}', 'Web sessions with their source and conversions'),
    ('account_segments.csv', 'settings_account_segments', '{segment}', '{max_employees}', 'Setting in place of the seed: segments of accounts by number of employees'),
    ('alert_thresholds.csv', 'settings_alert_thresholds', '{metric,severity}', '{insight,recommendation}', 'Setting in place of the seed: when a figure of rep_funnel_metrics_monthly or rep_executive_dashboard raises an alert'),
    ('amount_bands.csv', 'settings_amount_bands', '{amount_band}', '{min_amount,max_amount}', 'Setting in place of the seed: size bands of amounts in the reporting currency'),
    ('channels.csv', 'settings_channels', '{spelling}', '{utm_source}', 'Setting in place of the seed: how exports spell the sources of traffic, ads, leads and campaigns, and which channel each spelling means'),
    ('conversion_horizons.csv', 'settings_conversion_horizons', '{horizon_days}', '{}', 'Setting in place of the seed: days within which the cohort reports count who reached a step'),
    ('country_regions.csv', 'settings_country_regions', '{country}', '{}', 'Setting in place of the seed: sales regions of countries, by the names that the accounts export uses'),
    ('deal_urls.csv', 'settings_deal_urls', '{crm_source}', '{}', 'Setting: where a deal is opened in its CRM, for links'),
    ('exchange_rates.csv', 'settings_exchange_rates', '{from_currency,to_currency,valid_from}', '{}', 'Setting in place of the seed: exchange rates'),
    ('funnel_dimensions.csv', 'settings_funnel_dimensions', '{file_name,column_name}', '{}', 'Setting: columns of the exports that the loader does not know and keeps, in _extra'),
    ('funnel_steps.csv', 'settings_funnel_steps', '{crm_source,pipeline_id,event_type,source_value}', '{crm_source,parent_step}', 'Setting in place of the seed: the funnel of each pipeline'),
    ('icp_features.csv', 'settings_icp_features', '{feature}', '{}', 'Setting in place of the seed: how much each feature of an account weighs in its ICP score'),
    ('icp_grades.csv', 'settings_icp_grades', '{grade}', '{min_share,max_share}', 'Setting in place of the seed: grades of accounts by the share of scored accounts of the CRM that have a lower ICP score'),
    ('lost_reasons.csv', 'settings_lost_reasons', '{lost_reason}', '{}', 'Setting in place of the seed: lost reasons in words that stand in reports as they are, however few deals have them'),
    ('opportunity_score_bands.csv', 'settings_opportunity_score_bands', '{factor,band}', '{min_value,max_value}', 'Setting in place of the seed: points of the opportunity score'),
    ('pipeline_health_bands.csv', 'settings_pipeline_health_bands', '{part,band}', '{min_value,max_value}', 'Setting in place of the seed: points and names of the health score''s parts, levels of risk and quality of forecasts, and the names of the whole score'),
    ('revenue_bands.csv', 'settings_revenue_bands', '{revenue_band}', '{min_revenue,max_revenue}', 'Setting in place of the seed: bands of an account''s yearly revenue, in the currency of the CRM''s organisation'),
    ('sales_quotas.csv', 'settings_sales_quotas', '{crm_source,owner_id,quarter}', '{}', 'Setting in place of the seed: quotas of owners by quarter, for coverage')
on conflict (file_name) do update set
    table_name = excluded.table_name,
    key_columns = excluded.key_columns,
    optional_columns = excluded.optional_columns,
    description = excluded.description;

update raw.files
set
    event_time_column = traits.event_time_column,
    people_of = traits.people_of,
    personal_columns = coalesce(traits.personal_columns, '{}'),
    id_columns = coalesce(traits.id_columns, '{}')
from (
    values
    ('deal_changes', 'change_time', null, null::text[], '{deal_id}'::text[]),
    ('activity', null, null, null, '{activity_id,assigned_to_user,deal_id}'),
    ('activity_types', null, null, null, '{id}'),
    ('stages', null, null, null, '{stage_id,pipeline_id}'),
    ('fields', null, null, null, '{id}'),
    ('users', null, 'pipedrive', '{name,email}', '{id}'),
    ('hubspot_deal', null, null, null, '{deal_id,pipeline,dealstage,hubspot_owner_id,company_id}'),
    ('hubspot_deal_property_history', 'timestamp', null, null, '{deal_id}'),
    ('hubspot_pipeline_stage', null, null, null, '{stage_id,pipeline_id}'),
    ('hubspot_owner', null, 'hubspot', '{name,email}', '{owner_id}'),
    ('hubspot_company', null, null, null, '{company_id,hs_parent_company_id,hubspot_owner_id}'),
    ('hubspot_deal_contact', null, null, null, '{deal_id,contact_id}'),
    ('hubspot_line_item', null, null, null, '{line_item_id,deal_id,product_id}'),
    ('hubspot_merged_deal', null, null, null, '{deal_id,merged_deal_id}'),
    ('hubspot_engagement', null, null, null, '{engagement_id,deal_id,hubspot_owner_id}'),
    ('pipedrive_deal', null, null, null, '{id,pipeline_id,stage_id,owner_id,org_id,person_id}'),
    ('pipedrive_organization', null, null, null, '{id,owner_id}'),
    ('pipedrive_deal_product', null, null, null, '{id,deal_id,product_id}'),
    ('pipedrive_lead', null, null, null, '{id,owner_id,person_id,organization_id}'),
    ('salesforce_opportunity_history', 'createddate', null, null, null),
    ('salesforce_opportunity_field_history', 'createddate', null, null, null),
    ('salesforce_user', null, 'salesforce', '{name,email}', null),
    ('settings_funnel_steps', null, null, null, '{pipeline_id}'),
    ('settings_sales_quotas', null, null, null, '{owner_id}')
) as traits (table_name, event_time_column, people_of, personal_columns, id_columns)
where files.table_name = traits.table_name;

-- A CRM's list of calls holds those that are about no deal as well, and no report counts them.
update raw.files
set left_out_without = traits.left_out_without
from (
    values
    ('activity', '{deal_id}'::text[]),
    ('hubspot_engagement', '{deal_id}'),
    ('hubspot_line_item', '{deal_id}'),
    ('hubspot_deal_contact', '{deal_id,contact_id}')
) as traits (table_name, left_out_without)
where files.table_name = traits.table_name;

-- Salesforce deletes tracked changes after 18 to 24 months, and no ordinary export gives activities that are over a year old.
update raw.files
set retired_when = traits.retired_when
from (
    values
    ('salesforce_opportunity_field_history', 'createddate < (select min(typed.createddate) from pg_temp.typed)'),
    ('salesforce_task', 'isclosed is not false and coalesce(activitydate, createddate) <= now() - interval ''365 days'''),
    ('salesforce_event', 'coalesce(enddatetime, startdatetime, activitydatetime) <= now() - interval ''365 days''')
) as traits (table_name, retired_when)
where files.table_name = traits.table_name;

update raw.files
set modified_column = traits.modified_column
from (
    values
    ('pipedrive_deal', 'update_time'),
    ('salesforce_opportunity', 'systemmodstamp'),
    ('hubspot_deal', 'hs_lastmodifieddate')
) as traits (table_name, modified_column)
where files.table_name = traits.table_name;

-- The loader's own columns --------------------------------------------------------------
-- They stand after those of the file, in every raw table; two of them in logs alone, whose rows have an order, and _extra in
-- no setting. Every table has an index of its loads. What raw.files and these columns say is told here, where a BI tool or psql
-- looks for it; the columns of the files themselves are described in models/staging/*/_*__sources.yml, of settings in seeds/.

do $$
declare
    raw_table record;
    own_column record;
begin
    for raw_table in select * from raw.files loop
        for own_column in
            select
                own_columns.*,
                exists (
                    select from pg_attribute
                    where
                        attrelid = format('raw.%I', raw_table.table_name)::regclass
                        and attname = own_columns.name
                        and not attisdropped
                ) as is_there
            from (values
                (true, '_loaded_at', 'timestamptz not null default clock_timestamp()', 'The load that brought the row; one value per load, later than every earlier one.'),
                (true, '_row_number', 'bigint not null default 0', 'Position of the row in the file that first brought its key, 1 for the first data row.'),
                (raw_table.event_time_column is not null, '_first_loaded_at', 'timestamptz', 'The load that first brought the key; null in its first version.'),
                ('_occurrence' = any(raw_table.key_columns), '_occurrence', 'integer not null default 1', 'Number of the equal row among those of its moment in its file.'),
                (true, '_version', 'integer not null default 1', '1 for a key''s first row, counting up without gaps; the highest is the newest.'),
                (true, '_is_deleted', 'boolean not null default false', 'A tombstone: the key was gone from a full file.'),
                (true, '_source_file', 'text not null default ''manual''', 'Name of the file.'),
                (not raw_table.is_setting, '_extra', 'jsonb', 'Columns that the setting funnel_dimensions names, as texts by their lower-case names.')
            ) as own_columns (is_wanted, name, definition, description)
            where own_columns.is_wanted
        loop
            if not own_column.is_there then
                execute format('alter table raw.%I add column %I %s', raw_table.table_name, own_column.name, own_column.definition);
            end if;
            execute format('comment on column raw.%I.%I is %L', raw_table.table_name, own_column.name, own_column.description);
        end loop;
        execute format('comment on table raw.%I is %L', raw_table.table_name, raw_table.description);
        if to_regclass(format('raw.%I', raw_table.table_name || '_loaded_at')) is null then
            execute format('create index %I on raw.%I (_loaded_at)', raw_table.table_name || '_loaded_at', raw_table.table_name);
            -- Of a table that was never analyzed the planner expects hundreds of rows, where a setting has a few.
            if raw_table.is_setting then
                execute format('analyze raw.%I', raw_table.table_name);
            end if;
        end if;
    end loop;
end
$$;

-- What no mart could hold is rejected with its line by the loader, which reads these limits: of every amount, share and count
-- that has none of its own. They are not checked against what was loaded before them. Digits before the point in the marts: 16 of
-- numeric(20, 4), 5 of numeric(9, 4) for percent; counts are summed as bigint.
do $$
declare
    bound record;
begin
    for bound in
        select
            format('raw.%I', files.table_name) as table_name,
            attname as column_name,
            attname || '_fits' as name,
            case
                when atttypid = 'bigint'::regtype then '999999999999'
                when attname ~ 'probability$' then '99999'
                else '9999999999999999'
            end as most
        from raw.files
        inner join pg_attribute on attrelid = format('raw.%I', files.table_name)::regclass
        where
            (atttypid = 'numeric'::regtype or (atttypid = 'bigint'::regtype and files.table_name in ('ad_spend', 'web_analytics')))
            and attname !~ '^_'
            and not attisdropped
            and not exists (select from pg_constraint where conrelid = attrelid and contype = 'c' and conkey = array[attnum])
    loop
        execute format(
            'alter table %s add constraint %I check (abs(%I) <= %s) not valid', bound.table_name, bound.name, bound.column_name, bound.most
        );
        execute format(
            'comment on constraint %I on %s is %L', bound.name, bound.table_name, 'is out of range: the marts hold up to ' || bound.most
        );
    end loop;
end
$$;

-- By the expression of the macro deal_key, where citus.sql has not made it a column: the timelines filter on it.
create index if not exists deal_changes_deal_key on raw.deal_changes (hashtextextended('pipedrive::' || deal_id, 0));
create index if not exists activity_deal_key on raw.activity (hashtextextended('pipedrive::' || deal_id, 0));
create index if not exists pipedrive_deal_deal_key on raw.pipedrive_deal (hashtextextended('pipedrive::' || id, 0));
create index if not exists pipedrive_deal_product_deal_key on raw.pipedrive_deal_product (hashtextextended('pipedrive::' || deal_id, 0));
create index if not exists salesforce_opportunity_deal_key on raw.salesforce_opportunity (hashtextextended('salesforce::' || id, 0));
create index if not exists salesforce_opportunity_history_deal_key on raw.salesforce_opportunity_history (hashtextextended('salesforce::' || opportunityid, 0));
create index if not exists salesforce_opportunity_field_history_deal_key on raw.salesforce_opportunity_field_history (hashtextextended('salesforce::' || opportunityid, 0));
create index if not exists salesforce_task_deal_key on raw.salesforce_task (hashtextextended('salesforce::' || whatid, 0));
create index if not exists salesforce_event_deal_key on raw.salesforce_event (hashtextextended('salesforce::' || whatid, 0));
create index if not exists salesforce_opportunity_line_item_deal_key on raw.salesforce_opportunity_line_item (hashtextextended('salesforce::' || opportunityid, 0));
create index if not exists hubspot_deal_deal_key on raw.hubspot_deal (hashtextextended('hubspot::' || deal_id, 0));
create index if not exists hubspot_deal_property_history_deal_key on raw.hubspot_deal_property_history (hashtextextended('hubspot::' || deal_id, 0));
create index if not exists hubspot_deal_contact_deal_key on raw.hubspot_deal_contact (hashtextextended('hubspot::' || deal_id, 0));
create index if not exists hubspot_line_item_deal_key on raw.hubspot_line_item (hashtextextended('hubspot::' || deal_id, 0));
create index if not exists hubspot_merged_deal_deal_key on raw.hubspot_merged_deal (hashtextextended('hubspot::' || merged_deal_id, 0));
create index if not exists hubspot_engagement_deal_key on raw.hubspot_engagement (hashtextextended('hubspot::' || deal_id, 0));
-- What newest_versions looks up.
create index if not exists deal_changes_superseding on raw.deal_changes (deal_id) where _version > 1;
create index if not exists activity_superseding on raw.activity (deal_id, activity_id) where _version > 1;
create index if not exists pipedrive_deal_superseding on raw.pipedrive_deal (id) where _version > 1;
create index if not exists pipedrive_deal_product_superseding on raw.pipedrive_deal_product (deal_id, id) where _version > 1;
create index if not exists pipedrive_lead_superseding on raw.pipedrive_lead (id) where _version > 1;
create index if not exists salesforce_opportunity_superseding on raw.salesforce_opportunity (id) where _version > 1;
create index if not exists salesforce_opportunity_history_superseding on raw.salesforce_opportunity_history (opportunityid, id) where _version > 1;
create index if not exists salesforce_opportunity_field_history_superseding on raw.salesforce_opportunity_field_history (opportunityid) where _version > 1;
create index if not exists salesforce_task_superseding on raw.salesforce_task (id) where _version > 1;
create index if not exists salesforce_event_superseding on raw.salesforce_event (id) where _version > 1;
create index if not exists salesforce_opportunity_line_item_superseding on raw.salesforce_opportunity_line_item (opportunityid, id) where _version > 1;
create index if not exists hubspot_deal_superseding on raw.hubspot_deal (deal_id) where _version > 1;
create index if not exists hubspot_deal_property_history_superseding on raw.hubspot_deal_property_history (deal_id) where _version > 1;
create index if not exists hubspot_deal_contact_superseding on raw.hubspot_deal_contact (deal_id, contact_id) where _version > 1;
create index if not exists hubspot_line_item_superseding on raw.hubspot_line_item (deal_id, line_item_id) where _version > 1;
create index if not exists hubspot_merged_deal_superseding on raw.hubspot_merged_deal (merged_deal_id) where _version > 1;
create index if not exists hubspot_engagement_superseding on raw.hubspot_engagement (deal_id, engagement_id) where _version > 1;
create index if not exists salesforce_campaign_superseding on raw.salesforce_campaign (id) where _version > 1;
create index if not exists salesforce_campaign_member_superseding on raw.salesforce_campaign_member (campaignid) where _version > 1;
create index if not exists salesforce_lead_superseding on raw.salesforce_lead (id) where _version > 1;
create index if not exists salesforce_opportunity_contact_role_superseding on raw.salesforce_opportunity_contact_role (opportunityid, contactid) where _version > 1;
create index if not exists ad_spend_superseding on raw.ad_spend (date, campaign_id) where _version > 1;
create index if not exists web_analytics_superseding on raw.web_analytics (session_id) where _version > 1;
-- By which the search for changed deals finds Salesforce's activities, those that have taken place since included.
create index if not exists salesforce_task_id on raw.salesforce_task (id);
create index if not exists salesforce_event_id on raw.salesforce_event (id);
create index if not exists salesforce_event_ahead on raw.salesforce_event (id) where coalesce(enddatetime, startdatetime, activitydatetime) > _loaded_at;
-- Staging trims the field. Without statistics of that the planner expects one row where there are thousands, and joins
grant select on all tables in schema raw to transformer;
grant select, insert on all tables in schema raw to loader;
revoke all on raw.parked_definitions from loader, transformer;
-- What is loaded where is for the owner to say, and who is forgotten for raw.forget_person.
revoke insert on raw.files, raw.forgotten_people, raw.forgotten_texts from loader;
revoke all on raw.forgotten_texts from transformer;

-- Names, for those who may see them ----------------------------------------------------
-- Outside of the layers: no model reads this schema (scripts/checks/check_layers.py). Views over raw, so that what
-- raw.forget_person overwrites is gone here in the same moment.

create schema if not exists named;
comment on schema named is 'Clear text of names and e-mails, for the role reporter_named alone. Views over raw; no model reads them.';
grant usage on schema named to reporter_named;

create or replace view named.owners as
with users as (
    select 'pipedrive' as crm_source, id as user_id, name, email, _version, _is_deleted
    from raw.users
    union all
    select 'salesforce', id, name, null, _version, _is_deleted
    from raw.salesforce_user
    union all
    select 'hubspot', owner_id, name, email, _version, _is_deleted
    from raw.hubspot_owner
),

newest as (
    select distinct on (crm_source, user_id) *
    from users
    order by crm_source, user_id, _version desc
),

keyed as (
    select
        crm_source,
        -- As the macro user_key writes it, for which a name written in two ways is one owner.
        case
            when user_id ~ '^[^\s@]*\d[^\s@]*$' then user_id
            else 'text:' || md5(lower(regexp_replace(btrim(user_id), '\s+', ' ', 'g')))
        end as owner_id,
        nullif(btrim(name), '') as owner_name,
        nullif(btrim(email), '') as email
    from newest
    where not _is_deleted
)

select distinct on (crm_source, owner_id)
    crm_source,
    owner_id,
    owner_name,
    email
from keyed
order by crm_source, owner_id, email, owner_name;
comment on view named.owners is
    'One row per CRM and owner, with the ids of dim_owners: name and e-mail of the newest version, (forgotten) where the person '
    'was forgotten.';
comment on column named.owners.crm_source is 'CRM that the owner is of; an id is unique within one.';
comment on column named.owners.owner_id is 'The owner_id of dim_owners and of the facts.';
comment on column named.owners.owner_name is 'Name in clear text; NULL where the CRM gives none.';
comment on column named.owners.email is 'E-mail address in clear text; NULL where the export has none.';
grant select on named.owners to reporter_named;
