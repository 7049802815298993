"""Does each scan of a table that demands a partition filter get one? BigQuery refuses a query in which one does not.

BigQuery looks for a comparison of a partition column with constants that reaches the scan. What a reader of a subquery, a CTE
or a view says reaches through projections, UNION ALL and inner joins; through GROUP BY and window functions only if the column
is among their keys; never through LIMIT. https://cloud.google.com/bigquery/docs/querying-partitioned-tables
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import sqlglot
from sqlglot import exp

Columns = frozenset[str]
_NONE: Columns = frozenset()


@dataclass(frozen=True)
class Warehouse:
    """What a statement is judged by.

    Attributes:
        demands: partition columns of each table that demands a filter on one of them, by project.dataset.table.
        views: the query of each view.
    """

    demands: Mapping[str, Columns]
    views: Mapping[str, exp.Expression] = field(default_factory=dict)


def parse(sql: str) -> list[exp.Expression]:
    """The statements of a script; what sqlglot does not know in full (transactions) is left out by `faults`."""
    return [statement for statement in sqlglot.parse(sql, read="bigquery") if statement is not None]


def name_of(table: exp.Table) -> str:
    """project.dataset.table, however it is quoted."""
    return ".".join(part.name for part in table.parts)


def faults(statement: exp.Expression, warehouse: Warehouse) -> list[str]:
    """Tables that are scanned without a filter on a partition column, one entry a scan."""
    return list(_Judge(warehouse).statement(statement))


class _Judge:
    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse = warehouse

    def statement(self, node: exp.Expression) -> Iterator[str]:
        if isinstance(node, exp.Query):
            yield from self.query(node, _NONE, {})
        elif isinstance(node, exp.Delete | exp.Update):
            where = node.args.get("where")
            yield from self.table(node.this, _columns_of(where and where.this), {})
            yield from self.nested(where, {})
        elif isinstance(node, exp.Merge):
            yield from self.table(node.this, _columns_of_target(node), {})
            yield from self.source(node.args["using"], _NONE, {})
        elif isinstance(node, exp.Create) and node.kind == "VIEW":
            return  # judged where it is read
        elif isinstance(node, exp.Create | exp.Insert) and isinstance(node.expression, exp.Query):
            yield from self.query(node.expression, _NONE, {})

    def query(self, node: exp.Expression, wanted: Columns, ctes: Mapping[str, exp.Expression]) -> Iterator[str]:
        """Scans below a query whose reader compares the output columns `wanted` with constants."""
        ctes = {**ctes, **{cte.alias.lower(): cte.this for cte in node.args.get("with_", node.args.get("with")) or []}}
        if isinstance(node, exp.Subquery):
            yield from self.query(node.this, wanted, ctes)
        elif isinstance(node, exp.SetOperation):
            left, right = node.left, node.right
            names = [name.lower() for name in left.named_selects]
            theirs = dict(zip(names, (name.lower() for name in right.named_selects), strict=False))
            yield from self.query(left, wanted, ctes)
            yield from self.query(right, frozenset(theirs.get(name, name) for name in wanted), ctes)
        elif isinstance(node, exp.Select):
            yield from self.select(node, wanted, ctes)

    def select(self, node: exp.Select, wanted: Columns, ctes: Mapping[str, exp.Expression]) -> Iterator[str]:
        joins = node.args.get("joins") or []
        main = node.args.get("from_") or node.args.get("from")
        sources = [] if main is None else [main.this, *(join.this for join in joins)]
        passed = _passed_on(node, wanted)
        where = node.args.get("where")
        for index, source in enumerate(sources):
            alias = source.alias_or_name.lower()
            alone = len([each for each in sources if not isinstance(each, exp.Unnest)]) == 1
            columns = _belonging(passed, alias, alone)
            side = joins[index - 1].side.upper() if index else ""
            if side not in (
                "LEFT",
                "FULL",
            ):  # an outer join keeps rows that a filter above it drops: not known to reach its table
                columns |= _columns_of(where and where.this, alias, alone)
            if index and joins[index - 1].args.get("on") is not None and side != "FULL":
                columns |= _columns_of(joins[index - 1].args["on"], alias, False)
            yield from self.source(source, columns, ctes)
        yield from self.nested(node, ctes, sources)

    def source(self, node: exp.Expression, columns: Columns, ctes: Mapping[str, exp.Expression]) -> Iterator[str]:
        if isinstance(node, exp.Table):
            yield from self.table(node, columns, ctes)
        elif isinstance(node, exp.Query | exp.Subquery):
            yield from self.query(node, columns, ctes)

    def table(self, node: exp.Table, columns: Columns, ctes: Mapping[str, exp.Expression]) -> Iterator[str]:
        name = name_of(node)
        if name.lower() in ctes:
            outer = {key: value for key, value in ctes.items() if key != name.lower()}
            yield from self.query(ctes[name.lower()], columns, outer)
        elif name in self.warehouse.views:
            yield from self.query(self.warehouse.views[name], columns, {})
        elif name in self.warehouse.demands and not columns & self.warehouse.demands[name]:
            yield name

    def nested(
        self, node: exp.Expression | None, ctes: Mapping[str, exp.Expression], sources: Sequence[exp.Expression] = ()
    ) -> Iterator[str]:
        """Queries within expressions: `in (select …)`, `exists (…)`, a scalar."""
        for found in node.find_all(exp.Query) if node is not None else ():
            if found is not node and not _within(found, node, sources):
                yield from self.query(found, _NONE, ctes)


def _columns_of_target(node: exp.Merge) -> Columns:
    """What a MERGE says of its target: in its ON, or in each clause that looks for rows of it."""
    alias = node.this.alias_or_name
    whens = [when for when in node.args["whens"].expressions if when.args.get("matched") or when.args.get("source")]
    said = [_columns_of(when.args.get("condition"), alias, False) for when in whens]
    return _columns_of(node.args["on"], alias, False) | (frozenset.intersection(*said) if said else _NONE)


def _within(found: exp.Expression, node: exp.Expression, sources: Sequence[exp.Expression]) -> bool:
    """Whether a query is no expression of the node itself: it is a source, a CTE, or belongs to a query in between."""
    above: exp.Expression | None = found
    while above is not None and above is not node:
        if isinstance(above, exp.CTE) or any(above is source for source in sources):
            return True
        if above is not found and isinstance(above, exp.Query) and not isinstance(above, exp.Subquery):
            return True
        if (
            isinstance(found, exp.Select | exp.SetOperation)
            and above is not found
            and isinstance(above, exp.SetOperation)
        ):
            return True
        above = above.parent
    # A subquery in brackets is seen twice: once with, once without them.
    return isinstance(found, exp.Subquery)


def _passed_on(node: exp.Select, wanted: Columns) -> set[tuple[str, str]]:
    """What a reader's filters on a query's output say of its sources: (alias or nothing, column)."""
    if node.args.get("limit") is not None:
        return set()
    keys = _group_keys(node)
    windows = [window for window in node.find_all(exp.Window) if window.find_ancestor(exp.Select) is node]
    found: set[tuple[str, str]] = set()
    for projection in node.expressions:
        inner = projection.unalias()
        if isinstance(inner, exp.Star) or (isinstance(inner, exp.Column) and isinstance(inner.this, exp.Star)):
            hidden = {each.name.lower() for each in (inner.find(exp.Star) or inner).args.get("except_", []) or []}
            table = inner.table.lower() if isinstance(inner, exp.Column) else ""
            candidates = {(table, name) for name in wanted - hidden}
        elif isinstance(inner, exp.Column) and projection.alias_or_name.lower() in wanted:
            candidates = {(inner.table.lower(), inner.name.lower())}
        else:
            continue
        for table, column in candidates:
            partitioned = all(column in _names(window.args.get("partition_by") or []) for window in windows)
            if partitioned and (keys is None or column in keys):
                found.add((table, column))
    return found


def _group_keys(node: exp.Select) -> Columns | None:
    """Columns that a query groups by; None: it does not aggregate."""
    group = node.args.get("group")
    if group is None:
        aggregates = any(
            each.find_ancestor(exp.Select) is node and each.find_ancestor(exp.Window) is None
            for projection in node.expressions
            for each in projection.find_all(exp.AggFunc)
        )
        return _NONE if aggregates else None
    keys: set[str] = set()
    for key in group.expressions:
        if isinstance(key, exp.Literal) and key.is_int:
            key = node.expressions[int(key.this) - 1].unalias()
        keys |= _names([key])
    return frozenset(keys)


def _names(expressions: Sequence[exp.Expression]) -> Columns:
    return frozenset(each.name.lower() for each in expressions if isinstance(each, exp.Column))


def _belonging(columns: set[tuple[str, str]], alias: str, alone: bool) -> Columns:
    return frozenset(column for table, column in columns if table == alias or (alone and not table))


def _dated(expression: exp.Expression) -> exp.Expression:
    """The column within `date(column)`, which BigQuery sees through; the expression itself if it is another."""
    inner = expression.args.get("this")
    alone = isinstance(expression, exp.Date | exp.TsOrDsToDate) and isinstance(inner, exp.Column)
    return inner if alone and not any(expression.args.get(key) for key in ("zone", "expressions")) else expression


def _columns_of(condition: exp.Expression | None, alias: str | None = None, alone: bool = True) -> Columns:
    """Columns of a source that a condition compares with constants, whichever of its alternatives holds."""
    if condition is None:
        return _NONE
    condition = condition.unnest()
    if isinstance(condition, exp.And):
        return _columns_of(condition.left, alias, alone) | _columns_of(condition.right, alias, alone)
    if isinstance(condition, exp.Or):
        return _columns_of(condition.left, alias, alone) & _columns_of(condition.right, alias, alone)
    compared: list[exp.Expression] = []
    if isinstance(condition, exp.EQ | exp.GT | exp.GTE | exp.LT | exp.LTE):
        compared = [condition.left, condition.right]
    elif isinstance(condition, exp.In) and condition.args.get("query") is None:
        compared = [condition.this, *condition.expressions]
    elif isinstance(condition, exp.Between):
        compared = [condition.this, condition.args["low"], condition.args["high"]]
    elif isinstance(condition, exp.Is):
        compared = [condition.this]
    elif isinstance(condition, exp.Not) and isinstance(condition.this.unnest(), exp.Is):
        compared = [condition.this.unnest().this]
    compared = [_dated(each) for each in compared]
    columns = [each for each in compared if isinstance(each, exp.Column)]
    constant = all(each.find(exp.Column, exp.Query) is None for each in compared if each not in columns)
    if len(columns) != 1 or not constant:
        return _NONE
    return _belonging(
        {(columns[0].table.lower(), columns[0].name.lower())}, (alias or "").lower(), alone or alias is None
    )
