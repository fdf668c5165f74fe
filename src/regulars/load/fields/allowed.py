"""Allowlist for the SQL of mappings: an expression may compute a value from the fields of its row or group, nothing else.

Every node and function of the tree that DuckDB's parser returns must be listed here, before the expression is bound.
Functions that read files, settings, the network, the clock or random numbers are not listed, nor those whose result may be
much larger than their arguments.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any

LONGEST = 10_000
"""Most characters of an expression."""
WIDEST = 1_000
"""Largest second argument, a constant, of `lpad`, `rpad` (characters) and `repeat` (times)."""

ALLOWED_HINT = "docs/mapping-files.md lists the functions that an expression may call."

_NODES = frozenset({
    "BETWEEN", "CASE", "CAST", "COLLATE", "COLUMN_REF", "COMPARISON", "CONJUNCTION", "CONSTANT", "FUNCTION", "LAMBDA",
    "OPERATOR", "WINDOW",
})  # fmt: skip
OPERATORS = frozenset({
    "+", "-", "*", "/", "//", "%", "^", "**", "||", "~~", "!~~", "~~*", "!~~*", "~~~", "&", "|", "<<", ">>", "~", "->>",
    "@", "^@",
})  # fmt: skip
WIDENING = frozenset({"lpad", "rpad", "repeat"})
GROUPS: dict[str, str] = {
    "text": (
        "ascii bit_length char_length character_length chr concat concat_ws contains ends_with hash hex ilike_escape "
        "instr jaro_winkler_similarity lcase left len length levenshtein like_escape lower lpad ltrim md5 nfc_normalize "
        "not_ilike_escape not_like_escape ord position prefix regexp_escape regexp_extract regexp_extract_all "
        "regexp_full_match regexp_matches regexp_replace regexp_split_to_array repeat replace reverse right rpad rtrim "
        "sha1 sha256 split split_part starts_with str_split string_split string_split_regex string_to_array "
        "strip_accents strlen strpos substr substring suffix translate trim ucase unhex unicode upper url_decode "
        "url_encode"
    ),
    "numbers": (
        "abs add bin cbrt ceil ceiling divide even exp fdiv floor fmod gcd greatest isfinite isinf isnan lcm least ln "
        "log log10 log2 mod multiply pi pow power round round_even sign sqrt subtract trunc xor"
    ),
    "dates and times": (
        "age date_add date_diff date_part date_sub date_trunc datediff datepart datesub datetrunc day dayname "
        "dayofmonth dayofweek dayofyear days_in_month decade epoch epoch_ms epoch_ns epoch_us era hour isodow isoyear "
        "julian last_day make_date make_time make_timestamp make_timestamptz microsecond millisecond minute month "
        "monthname quarter second strftime strptime time_bucket timezone timezone_hour timezone_minute to_centuries "
        "to_days to_decades to_hours to_microseconds to_milliseconds to_minutes to_months to_quarters to_seconds "
        "to_timestamp to_weeks to_years try_strptime week weekday weekofyear year yearweek"
    ),
    "conditions and types": ("constant_or_null nullif typeof"),
    "lists, records and json": (
        "array_contains array_extract array_filter array_has array_length array_position array_slice array_to_string "
        "array_transform cardinality element_at flatten json json_array json_array_length json_contains json_exists "
        "json_extract json_extract_path json_extract_path_text json_extract_string json_keys json_object json_quote "
        "json_type json_valid json_value list_aggregate list_any_value list_apply list_avg list_concat list_contains "
        "list_count list_distinct list_element list_extract list_filter list_first list_has list_has_all list_has_any "
        "list_last list_max list_min list_position list_reverse list_slice list_sort list_string_agg list_sum "
        "list_transform list_unique list_value list_zip map map_contains map_entries map_extract map_extract_value "
        "map_keys map_values row struct_extract struct_insert struct_pack to_json"
    ),
    "aggregates and windows": (
        "any_value arbitrary arg_max arg_max_null arg_min arg_min_null argmax argmin array_agg avg bit_and bit_or "
        "bit_xor bool_and bool_or count count_if count_star countif cume_dist dense_rank favg first first_value fsum "
        "group_concat lag last last_value lead list listagg max max_by mean median min min_by mode nth_value ntile "
        "percent_rank product quantile quantile_cont quantile_disc rank rank_dense row_number stddev stddev_pop "
        "stddev_samp string_agg sum var_pop var_samp variance"
    ),
}
"""Allowed functions by purpose, separated by blanks."""
FUNCTIONS = frozenset(name for names in GROUPS.values() for name in names.split())
_SCHEMAS, _CATALOGS = ("", "main", "pg_catalog"), ("", "system")


class NotAllowed(ValueError):
    """An expression uses SQL that mappings may not use."""


def require_allowed(sql: str, tree: Any) -> None:
    """Raise NotAllowed if the tree of an expression (from json_serialize_sql) has a node or function that is not listed."""
    if len(sql) > LONGEST:
        raise NotAllowed(f"it is longer than {LONGEST:,} characters")
    for node in nodes(tree):
        _require_node(node)


def _require_node(node: dict[str, Any]) -> None:
    kind = node["class"]
    if kind == "SUBQUERY":
        raise NotAllowed("it may use the file's columns only, no SELECT")
    if kind == "STAR":
        raise NotAllowed("write one column instead of *")
    if kind not in _NODES:
        raise NotAllowed(f"it uses a part of SQL that mappings may not use ({kind.lower().replace('_', ' ')})")
    if kind == "LAMBDA" and any(inner is not node and inner["class"] == "LAMBDA" for inner in nodes(node)):
        raise NotAllowed("it has a lambda inside a lambda")
    if kind not in ("FUNCTION", "WINDOW"):
        return
    name = str(node["function_name"]).lower()
    if name not in FUNCTIONS | OPERATORS or node["schema"] not in _SCHEMAS or node["catalog"] not in _CATALOGS:
        close = difflib.get_close_matches(name, FUNCTIONS, n=1, cutoff=0.75)
        raise NotAllowed(f"it may not call {name}" + (f"; did you mean {close[0]}" if close else ""))
    if name in WIDENING:
        _require_bounded(node, name)


def _require_bounded(node: dict[str, Any], name: str) -> None:
    arguments = node["children"]
    value = arguments[1].get("value", {}).get("value") if len(arguments) > 1 else None
    if not isinstance(value, int) or value > WIDEST:
        raise NotAllowed(f"{name} needs a number up to {WIDEST:,} as its second argument")
    names = (str(inner.get("function_name", "")).lower() for inner in nodes(arguments))
    if any(inner in WIDENING for inner in names):
        raise NotAllowed(f"{name} may not be nested in lpad, rpad or repeat")


def nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Yield the nodes of expressions in the tree, outermost first."""
    waiting = [tree]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if "class" in value:
                yield value
            waiting.extend(reversed(value.values()))
        elif isinstance(value, list):
            waiting.extend(reversed(value))
