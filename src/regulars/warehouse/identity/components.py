"""Connected components by label propagation, in SQL that any engine runs, without a graph in memory.

Each key takes the smallest label of its neighbours, and each label is replaced by the label of the key it names,
until all labels name themselves. The keys of one label then become one key of a smaller graph, and the same is
repeated until no links are left. Each round costs the remaining links, and there are few: a path of a thousand keys
takes a handful.
"""

from __future__ import annotations

import duckdb

_TEMPORARY = ("component_links", "component_hooks")


def find_components(con: duckdb.DuckDBPyConnection, keys: str, links: str) -> int:
    """Create the temporary view components: the rows of `keys` with the `label` of their component, the smallest of its
    keys.

    Leaves temp.component_labels, which the view reads.

    Args:
        con: a connection to a version.
        keys: a table of key; `low` and `high`, the smallest and largest stronger identity that a record links it to
            (null without any); and `leads`, true where it may be the stronger one itself. Stronger to weaker has no
            cycles.
        links: a table of a, b and joined: the links by records of each key b with several stronger ones, and the
            joins by the user, in any direction.

    Returns:
        The number of rounds.
    """
    # Most keys are linked to one stronger key only, which has no stronger one itself: these need no round.
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE component_links AS
        SELECT DISTINCT l.a, k.low AS b FROM {links} l JOIN {keys} k ON k.key = l.b WHERE NOT l.joined AND l.a <> k.low
        UNION SELECT key, low FROM {keys} WHERE low IS NOT NULL AND (
            leads AND key IN (SELECT low FROM {keys} UNION ALL SELECT a FROM {links})
            OR key IN (SELECT a FROM {links} WHERE joined UNION ALL SELECT b FROM {links} WHERE joined))
        UNION SELECT a, b FROM {links} WHERE joined AND a <> b
        """
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE component_labels AS"
        " SELECT a AS key, a AS label FROM temp.component_links UNION SELECT b, b FROM temp.component_links"
    )
    rounds = 1
    while _hook(con):
        rounds += 1
        con.execute(
            """
            CREATE OR REPLACE TEMP TABLE component_links AS
            SELECT DISTINCT coalesce(x.label, a) AS a, coalesce(y.label, b) AS b
            FROM temp.component_links LEFT JOIN temp.component_hooks x ON x.key = a LEFT JOIN temp.component_hooks y ON y.key = b
            WHERE coalesce(x.label, a) <> coalesce(y.label, b)
            """
        )
        con.execute(
            "CREATE OR REPLACE TEMP TABLE component_labels AS SELECT l.key, coalesce(h.label, l.label) AS label"
            " FROM temp.component_labels l LEFT JOIN temp.component_hooks h ON h.key = l.label"
        )
    con.execute(
        f"CREATE OR REPLACE TEMP VIEW components AS SELECT k.*, k.rowid AS row_, coalesce(l.label, k.low, k.key) AS label"
        f" FROM {keys} k LEFT JOIN temp.component_labels l ON l.key = coalesce(k.low, k.key)"
    )
    con.execute("; ".join(f"DROP TABLE temp.{table}" for table in _TEMPORARY))
    return rounds


def _hook(con: duckdb.DuckDBPyConnection) -> bool:
    """Create temp.component_hooks(key, label): keys with a smaller neighbour, and the end of the path to ever smaller
    neighbours.

    Returns:
        False where there are none.
    """
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE component_hooks AS SELECT key, min(neighbour) AS label
        FROM (SELECT a AS key, b AS neighbour FROM temp.component_links UNION ALL SELECT b, a FROM temp.component_links)
        GROUP BY key HAVING min(neighbour) < key
        """
    )
    if not _any(con, "temp.component_hooks"):
        return False
    while _any(con, "temp.component_hooks WHERE label IN (SELECT key FROM temp.component_hooks)"):
        con.execute(
            "CREATE OR REPLACE TEMP TABLE component_hooks AS SELECT h.key, coalesce(next.label, h.label) AS label"
            " FROM temp.component_hooks h LEFT JOIN temp.component_hooks next ON next.key = h.label"
        )
    return True


def _any(con: duckdb.DuckDBPyConnection, relation: str) -> bool:
    return con.execute(f"SELECT 1 FROM {relation} LIMIT 1").fetchone() is not None
