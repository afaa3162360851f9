"""Which columns of the log and of raw each column of a model reads, by the model's compiled SQL.

A column reads what its expression names, through CTEs and models. Rows are read too: what a WHERE, ON, GROUP BY or
DISTINCT names decides which rows there are, so it stands for every column of the model. dbt-colibri draws the same
lines, but sees one column where the log has a field in every row; here a field of the log is followed by itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from sqlglot import exp, parse_one
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope

LOG = "int_deal_events"
NO_FIELD = "no field"
ROWS = "*"  # in place of a column: which rows there are
Column = tuple[str, str]
LOGGED: Column = (LOG, "value")
KNOWS_NULL = (exp.And, exp.Or, exp.Is, exp.NullSafeEQ, exp.NullSafeNEQ, exp.Dot)
CLAUSES = ("where", "group", "having", "distinct", "limit")
NOTHING = (exp.Null, exp.Literal, exp.Boolean)
OF_NOTHING_NOTHING = (exp.AggFunc, exp.Window, exp.Filter, exp.Order, exp.Substring, exp.Nullif, exp.Cast)
OF_NOTHING_NOTHING += (exp.SplitPart, exp.GroupConcat, exp.Ordered)


@dataclass
class Reads:
    """Of a query: what each column reads, what decides its rows, and the columns that are one known text."""

    columns: dict[str, set[Column]] = field(default_factory=dict)
    rows: set[Column] = field(default_factory=set)
    texts: dict[str, exp.Expression] = field(default_factory=dict)

    def all(self) -> set[Column]:
        return self.rows.union(*self.columns.values())


class Query:
    """A model's query, with all columns qualified; `reads` says what it reads."""

    def __init__(self, sql: str, schema: dict[str, dict[str, dict[str, str]]]) -> None:
        tree = qualify(
            parse_one(sql, dialect="postgres"),
            dialect="postgres",
            schema=schema,
            validate_qualify_columns=False,
            quote_identifiers=False,
            identify=False,
        )
        self.root = build_scope(tree)
        self.reads_log = any(table.name == LOG for table in tree.find_all(exp.Table))

    def reads(self, log_field: str = "") -> Reads:
        """With a field of the log: what is read if all rows of the log are of that field; LOGGED is its value."""
        return Walk(log_field, Walk(NO_FIELD) if log_field else None).reads(self.root)


class Walk:
    """One pass over the scopes of a query."""

    def __init__(self, log_field: str, without: Walk | None = None) -> None:
        self.log_field = log_field
        self.without = without
        self.known: dict[int, Reads] = {}

    def reads(self, scope: Scope) -> Reads:
        if id(scope) not in self.known:
            self.known[id(scope)] = Reads()  # a recursive query reads what its other half reads
            expression = scope.expression
            if isinstance(expression, exp.SetOperation):
                self.known[id(scope)] = self.read_union(scope)
            elif isinstance(expression, exp.Select):
                self.known[id(scope)] = self.read_select(scope)
            else:
                self.known[id(scope)] = self.read_values(scope)
        return self.known[id(scope)]

    def read_union(self, scope: Scope) -> Reads:
        parts = [self.reads(part) for part in scope.union_scopes]
        by_place = [list(part.columns.values()) for part in parts]
        found = Reads(
            {
                name: set().union(*(columns[place] for columns in by_place if columns))
                for place, name in enumerate(parts[0].columns)
            },
            set().union(*(part.rows for part in parts)),
        )
        if not isinstance(scope.expression, exp.Union) or scope.expression.args.get("distinct"):
            found.rows |= found.all()
        return found

    def read_select(self, scope: Scope) -> Reads:
        select, found = scope.expression, Reads()
        where = select.args.get("where")
        condition = self.known_of_log(where.this, scope) if where else None
        if isinstance(condition, exp.Boolean) and not condition.this and self.is_of_log(where, scope):
            return Reads({column.alias_or_name: set() for column in select.expressions})
        for column in select.expressions:
            inner = column.unalias()
            found.columns[column.alias_or_name] = self.columns_of(inner, scope)
            text = self.known_of_log(inner, scope)
            if self.is_of_log(inner, scope) and isinstance(text, NOTHING):
                found.texts[column.alias_or_name] = text
        clauses = [select.args[name] for name in CLAUSES if select.args.get(name)]
        joins = select.args.get("joins") or []
        clauses += [join.args["on"] for join in joins if join.args.get("on") and join.side != "LEFT"]
        if select.args.get("order") and (select.args.get("distinct") or select.args.get("limit")):
            clauses.append(select.args["order"])
        for clause in clauses:
            found.rows |= self.columns_of(clause, scope)
        if select.args.get("distinct") and not select.args["distinct"].args.get("on"):
            found.rows |= found.all()
        looked_up = {join.alias_or_name for join in joins if join.side == "LEFT"}
        for alias, (_, source) in scope.selected_sources.items():
            if alias in looked_up:
                continue
            found.rows |= {(source.name, ROWS)} if isinstance(source, exp.Table) else self.reads(source).rows
        return found

    def read_values(self, scope: Scope) -> Reads:
        """VALUES column by column; of another function in FROM each column reads all that the function reads."""
        values = scope.expression.find(exp.Values)
        named = (
            scope.expression.args.get("alias") or (values and values.args.get("alias")) or exp.TableAlias()
        )
        names = [column.name for column in named.args.get("columns") or []]
        whole = self.columns_of(scope.expression, scope)
        found = Reads(dict.fromkeys(names, whole))
        if values and all(isinstance(row, exp.Tuple) for row in values.expressions):
            for place, name in enumerate(names):
                parts = [self.columns_of(row.expressions[place], scope) for row in values.expressions]
                found.columns[name] = set().union(*parts)
        return found

    def columns_of(self, node: exp.Expression, scope: Scope) -> set[Column]:
        """What an expression reads. One that says something else of the field of the log than of any other reads it."""
        found: set[Column] = set()
        if self.is_of_log(node, scope):
            if self.without and self.said(node, scope) != self.without.said(node, scope):
                found.add(LOGGED)
            node = self.known_of_log(node, scope)
        inner = {id(query.expression): query for query in scope.subquery_scopes}
        pending = [node]
        while pending:
            part = pending.pop()
            if isinstance(part, exp.Query) and part is not scope.expression:
                found |= (
                    self.reads(inner[id(part)]).all() if id(part) in inner else self.named_in(part, scope)
                )
            elif isinstance(part, exp.Column):
                found |= self.follow(part, scope)
            else:
                pending.extend(part.iter_expressions())
        return found

    def follow(self, column: exp.Column, scope: Scope) -> set[Column]:
        """What a column reads; what a LEFT JOIN looks up depends on by what, and on which rows there are."""
        found = self.follow_source(column, scope)
        owner = next((around for around in ancestors(scope) if column.table in around.sources), scope)
        for join in owner.expression.args.get("joins") or []:
            if join.side == "LEFT" and join.alias_or_name == column.table and join.args.get("on"):
                source = owner.sources[column.table]
                found = found | (set() if isinstance(source, exp.Table) else self.reads(source).rows)
                for by in join.args["on"].find_all(exp.Column):
                    found = found | self.follow_source(by, owner)
        return found

    def follow_source(self, column: exp.Column, scope: Scope) -> set[Column]:
        source = find_source(column, scope)
        if isinstance(source, exp.Table):
            return {(source.name, column.name)}
        if source is None:
            return self.everything(scope)
        reads = self.reads(source)
        return reads.columns[column.name] if column.name in reads.columns else reads.all()

    def everything(self, scope: Scope) -> set[Column]:
        """Where a name is not found: all that the query or the one around it could name."""
        found: set[Column] = set()
        for around in ancestors(scope):
            for source in around.sources.values():
                found |= {(source.name, ROWS)} if isinstance(source, exp.Table) else self.reads(source).all()
        return found

    def named_in(self, query: exp.Query, scope: Scope) -> set[Column]:
        """What a query reads that sqlglot keeps no scope of, as in ARRAY(SELECT …)."""
        return set().union(*(self.follow(column, scope) for column in query.find_all(exp.Column)))

    def known_text(self, column: exp.Column, scope: Scope) -> exp.Expression | None:
        """What a column is if all rows of the log are of the field."""
        source = find_source(column, scope)
        if isinstance(source, exp.Table):
            is_field = (source.name, column.name) == (LOG, "field")
            return exp.Literal.string(self.log_field) if is_field else None
        return self.reads(source).texts.get(column.name) if source else None

    def said(self, node: exp.Expression, scope: Scope) -> str:
        return self.known_of_log(node, scope).sql(dialect="postgres").replace(f"'{self.log_field}'", "''")

    def is_of_log(self, node: exp.Expression, scope: Scope) -> bool:
        return bool(self.log_field) and any(
            self.known_text(column, scope) is not None for column in node.find_all(exp.Column)
        )

    def known_of_log(self, node: exp.Expression, scope: Scope) -> exp.Expression:
        """The expression with the field put in, as far as it can be said without the row."""
        if not self.is_of_log(node, scope):
            return node
        put_in = node.transform(
            lambda part: self.known_text(part, scope) or part if isinstance(part, exp.Column) else part
        )
        return fold(put_in)


def fold(node: exp.Expression) -> exp.Expression:
    """Without the branches that comparisons of two known texts rule out; what is made of nothing is nothing."""
    before, now = "", node.sql()
    while before != now:
        node = node.transform(fold_one)
        before, now = now, node.sql()
    return node


def fold_one(node: exp.Expression) -> exp.Expression:
    if isinstance(node, exp.Paren) and isinstance(node.this, NOTHING):
        return node.this
    if isinstance(node, (exp.EQ, exp.NEQ)) and all(map(is_text, (node.this, node.expression))):
        return exp.Boolean(this=(node.this == node.expression) == isinstance(node, exp.EQ))
    if isinstance(node, exp.In) and is_text(node.this) and all(map(is_text, node.expressions)):
        return exp.Boolean(this=node.this in node.expressions)
    if isinstance(node, exp.Not) and isinstance(node.this, exp.Boolean):
        return exp.Boolean(this=not node.this.this)
    if isinstance(node, (exp.And, exp.Or)):
        for one, other in ((node.this, node.expression), (node.expression, node.this)):
            if isinstance(one, exp.Boolean):
                return other if one.this == isinstance(node, exp.And) else one
    if isinstance(node, exp.Case):
        return fold_case(node)
    if isinstance(node, exp.Is) and isinstance(node.this, exp.Null) and isinstance(node.expression, exp.Null):
        return exp.true()
    if isinstance(node, exp.Filter) and is_false(node.expression.this):
        return exp.null()
    if isinstance(node, OF_NOTHING_NOTHING) and isinstance(node.this, exp.Null):
        return exp.null()
    if isinstance(node, (exp.LogicalOr, exp.Window)) and is_false(node.this):
        return node.this
    if isinstance(node, exp.Coalesce):
        values = [value for value in (node.this, *node.expressions) if not isinstance(value, exp.Null)]
        if not values or is_text(values[0]):
            return values[0] if values else exp.null()
        return exp.Coalesce(this=values[0], expressions=values[1:])
    if isinstance(node, exp.Binary) and not isinstance(node, KNOWS_NULL):
        return (
            exp.null() if any(isinstance(side, exp.Null) for side in (node.this, node.expression)) else node
        )
    return node


def fold_case(case: exp.Case) -> exp.Expression:
    if is_text(case.this):
        for branch in case.args["ifs"]:
            branch.set("this", exp.EQ(this=case.this.copy(), expression=branch.this))
        case.set("this", None)
    branches = [branch for branch in case.args["ifs"] if not is_false(branch.this)]
    otherwise = case.args.get("default") or exp.null()
    if not branches:
        return otherwise
    if isinstance(branches[0].this, exp.Boolean):
        return branches[0].args["true"]
    case.set("ifs", branches)
    return case


def is_text(node: object) -> bool:
    return isinstance(node, exp.Literal)


def is_false(node: exp.Expression) -> bool:
    return isinstance(node, exp.Null) or (isinstance(node, exp.Boolean) and not node.this)


def ancestors(scope: Scope | None) -> Iterator[Scope]:
    while scope is not None:
        yield scope
        scope = scope.parent


def find_source(column: exp.Column, scope: Scope) -> exp.Table | Scope | None:
    """The table or query that a column is qualified with, of this query or one around it."""
    return next((s.sources[column.table] for s in ancestors(scope) if column.table in s.sources), None)


class Lineage:
    """Of all models, in the order in which they are built."""

    def __init__(
        self,
        queries: dict[str, str],
        schema: dict[str, dict[str, dict[str, str]]],
        divided: Collection[str] = (),
    ) -> None:
        """`divided`: models of intervals, which say the same where a row more divides one in two."""
        self.divided = divided
        self.queries = {name: Query(sql, schema) for name, sql in queries.items()}

    def touched(self, missing: Iterable[Column], log_fields: Iterable[str]) -> dict[str, set[str]]:
        """Model → columns that read a missing column, missing rows (ROWS) or a missing field of the log."""
        lost = set(missing)
        found: dict[str, set[str]] = {}
        for name, query in self.queries.items():
            read = [(query.reads(), lost)]
            if query.reads_log:
                read += [(query.reads(log_field), {LOGGED}) for log_field in log_fields]
            touched = {column for relation, column in lost if relation == name}
            rows: set[str] = set()
            for reads, gone in read:
                rows |= {ROWS, *reads.columns} if reads.rows & gone else set()
                touched |= {column for column, columns in reads.columns.items() if columns & gone}
            passed_on = touched if name in self.divided else touched | rows
            lost |= {(name, column) for column in passed_on}
            found[name] = touched | rows
        return found
