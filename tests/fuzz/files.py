"""Random input files: a small good file of each format, then some damage. The same seed gives the same bytes."""

from __future__ import annotations

import gzip
import io
import json
import random
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import duckdb
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

ORDER_COLUMNS = ("order_id", "customer_id", "email", "ordered_at", "status", "country", "currency", "gross", "discount")
LINE_COLUMNS = ("order_id", "line_id", "product_id", "quantity", "amount")
SHOPIFY_COLUMNS = (
    *("Name", "Email", "Financial Status", "Paid at", "Currency", "Subtotal", "Shipping", "Taxes", "Total"),
    *("Discount Code", "Discount Amount", "Created at", "Lineitem quantity", "Lineitem name", "Lineitem price"),
    *("Lineitem sku", "Lineitem requires shipping", "Lineitem taxable", "Cancelled at", "Refunded Amount", "Source"),
    *("Lineitem discount", "Billing Country", "Phone", "Lineitem compare at price", "Fulfilled at", "Billing Name"),
)

NASTY = (
    *(
        '"',
        '""',
        '"a "b" c"',
        '"8\\" x"',
        "\\",
        ",",
        ",,,,,,,,,,,,",
        ";",
        "\t",
        "\n",
        "\r",
        "\r\n",
        "\n\n",
        "\x00",
        "\x1b[2J",
    ),
    *(
        "\ufeff",
        "é",
        "Łódź",
        "🎁",
        "NULL",
        "nan",
        "inf",
        "-",
        "--",
        "0",
        "-0",
        "1e400",
        "1E+15",
        "4.11111111111111E+15",
    ),
    *(
        "99999999999999.9999",
        "-99999999999999.9999",
        "1,234,567.89",
        "1.234.567,89",
        "=cmd|'/C calc'!A0",
        "+1",
        "@x",
        "'",
    ),
    *(
        "2042-03-01",
        "0001-01-01",
        "9999-12-31",
        "2024-02-30",
        "2024-03-31 02:30",
        "45231",
        "20240101",
        "31/12/2024",
        "12/31/24",
    ),
    *(
        "a@b",
        "a@b.example",
        "<a@b.example>",
        "x" * 5_000,
        "'; DROP TABLE main.orders; --",
        "{}",
        "[",
        "null",
        "EUR",
        "XXX",
    ),
)


SECRET = "@folder@/secret.csv"
"""How an input names a file beside it that nothing may read: `readers` puts the folder in its place."""


@dataclass(frozen=True)
class Case:
    """One input: the name and bytes of a file, and of the mapping that reads it, where there is one."""

    name: str
    content: bytes
    mapping: str = ""


def _orders(draw: random.Random) -> list[tuple[str, ...]]:
    rows = []
    for number in range(draw.randint(1, 12)):
        day = f"2024-{draw.randint(1, 12):02}-{draw.randint(1, 28):02}"
        customer = f"c{draw.randint(1, 5)}"
        rows.append(
            (
                *(str(number if draw.random() < 0.95 else 1), draw.choice(("", customer)), f"{customer}@shop.example"),
                *(draw.choice((day, f"{day} 10:30", f"{day}T10:30:00Z", f"{day} 09:50:26 +0200")), "counted"),
                *(draw.choice(("DE", "", "Österreich")), "EUR", f"{draw.randint(0, 9999) / 100:.2f}", "0.00"),
            )
        )
    return rows


def _lines(draw: random.Random) -> list[tuple[str, ...]]:
    return [
        (
            str(draw.randint(1, 5)),
            str(number),
            f"p{draw.randint(1, 3)}",
            str(draw.randint(1, 3)),
            f"{draw.randint(1, 99)}.00",
        )
        for number in range(draw.randint(1, 12))
    ]


def _shopify(draw: random.Random) -> list[tuple[str, ...]]:
    rows = []
    for number in range(1, draw.randint(2, 8)):
        day = f"2024-{draw.randint(1, 12):02}-{draw.randint(1, 28):02} 09:50:26 +0200"
        for line in range(draw.randint(1, 3)):
            row = dict.fromkeys(SHOPIFY_COLUMNS, "")
            row |= {"Name": f"#{number}", "Email": f"c{number % 3}@shop.example", "Created at": day}
            row |= {"Lineitem quantity": "1", "Lineitem name": f"Tea {line}", "Lineitem price": "10.00"}
            row |= {"Lineitem requires shipping": "true", "Lineitem taxable": "true", "Lineitem discount": "0.00"}
            if line == 0:
                row |= {"Financial Status": draw.choice(("paid", "refunded", "pending")), "Paid at": day}
                row |= {"Currency": "EUR", "Subtotal": "10.00", "Shipping": "5.00", "Taxes": "2.40", "Total": "15.00"}
                row |= {"Discount Amount": "0.00", "Refunded Amount": draw.choice(("0.00", "5.00"))}
            rows.append(tuple(row.values()))
    return rows


def _text(columns: tuple[str, ...], rows: list[tuple[str, ...]], draw: random.Random) -> bytes:
    delimiter = draw.choice((",", ",", ",", ";", "\t", "|"))
    end = draw.choice(("\n", "\n", "\r\n", "\r"))

    def field(text: str) -> str:
        quoted = draw.random() < 0.1 or any(mark in text for mark in (delimiter, '"', "\n", "\r"))
        return '"' + text.replace('"', '""') + '"' if quoted else text

    lines = [delimiter.join(field(text) for text in row) for row in (columns, *rows)]
    encoding = draw.choice(("utf-8", "utf-8", "utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le"))
    return (end.join(lines) + draw.choice(("", end))).encode(encoding, errors="replace")


def damaged_rows(rows: list[tuple[str, ...]], draw: random.Random) -> list[tuple[str, ...]]:
    """Put nasty values into some fields, leave some out, repeat some rows."""
    rows = [list(row) for row in rows]  # type: ignore[misc]
    for _ in range(draw.randint(0, 4)):
        row = draw.choice(rows)
        match draw.randint(0, 3):
            case 0 | 1:
                row[draw.randrange(len(row))] = draw.choice(NASTY)  # type: ignore[index]
            case 2:
                rows.insert(draw.randrange(len(rows)), list(draw.choice(rows)))  # type: ignore[arg-type]
            case 3 if len(rows) > 1:
                rows.remove(row)
    return [tuple(row) for row in rows]


def damaged_bytes(content: bytes, draw: random.Random) -> bytes:
    """Change, drop, repeat or insert bytes at random places; cut the end off."""
    data = bytearray(content)
    for _ in range(draw.randint(0, 4)):
        if not data:
            break
        at = draw.randrange(len(data))
        match draw.randint(0, 5):
            case 0:
                data[at] = draw.randrange(256)
            case 1:
                del data[at : at + draw.randint(1, 40)]
            case 2:
                data[at:at] = data[at : at + draw.randint(1, 200)]
            case 3 | 4:
                data[at:at] = draw.choice(NASTY).encode("utf-8", errors="replace")
            case 5 if draw.random() < 0.3:
                del data[at:]
    return bytes(data)


def _sometimes_damaged(content: bytes, draw: random.Random) -> bytes:
    """Damage two in five: most damage to a packed file is refused at once, and nothing behind it is tried."""
    return damaged_bytes(content, draw) if draw.random() < 0.4 else content


def delimited(draw: random.Random) -> Case:
    """Delimited text in Regulars' own columns."""
    columns, rows, name = draw.choice(((ORDER_COLUMNS, _orders, "orders"), (LINE_COLUMNS, _lines, "order_lines")))
    content = _text(columns, damaged_rows(rows(draw), draw), draw)
    return Case(f"{draw.choice((name, 'export'))}.csv", damaged_bytes(content, draw))


def shopify(draw: random.Random) -> Case:
    """Shopify's orders export."""
    content = _text(SHOPIFY_COLUMNS, damaged_rows(_shopify(draw), draw), draw)
    return Case("orders_export.csv", damaged_bytes(content, draw))


def json_lines(draw: random.Random) -> Case:
    """JSON, an object a line or an array."""
    records = [dict(zip(ORDER_COLUMNS, row, strict=False)) for row in damaged_rows(_orders(draw), draw)]
    for record in records:
        if draw.random() < 0.2:
            record[draw.choice(("gross", "extra", "order_id"))] = draw.choice((None, 1, 1.5, {"a": [1]}, [1, 2], True))  # type: ignore[assignment]
    text = json.dumps(records) if draw.random() < 0.3 else "".join(json.dumps(record) + "\n" for record in records)
    return Case("orders.jsonl", damaged_bytes(text.encode(), draw))


def xlsx(draw: random.Random) -> Case:
    """A workbook: its cells, the XML of one of its members, or its bytes are damaged."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    if draw.random() < 0.3:
        sheet.append(["Report", None, "2024"])
    sheet.append(list(ORDER_COLUMNS))
    for row in damaged_rows(_orders(draw), draw):
        clean = [openpyxl.cell.cell.ILLEGAL_CHARACTERS_RE.sub("", text)[:30_000] for text in row]
        sheet.append(
            [float(text) if text.replace(".", "", 1).isdigit() and draw.random() < 0.7 else text for text in clean]
        )
    if draw.random() < 0.3:
        book.create_sheet("Old", 0).sheet_state = "hidden"
    file = io.BytesIO()
    book.save(file)
    where = draw.choice(("file", "member", "nowhere"))
    content = _packed_again(file.getvalue(), draw if where == "member" else None)
    return Case("orders.xlsx", damaged_bytes(content, draw) if where == "file" else content)


def _packed_again(content: bytes, draw: random.Random | None) -> bytes:
    """The workbook without the time of its writing, which would make another file of every run; one member damaged by `draw`."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        names = [name for name in old.namelist() if name != "docProps/core.xml"]
        damaged = draw.choice(names) if draw else ""
        for name in names:
            member = damaged_bytes(old.read(name), draw) if draw and name == damaged else old.read(name)
            new.writestr(zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0)), member, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def parquet(draw: random.Random) -> Case:
    """A Parquet file with damaged bytes."""
    columns = {
        name: list(values) for name, values in zip(ORDER_COLUMNS, zip(*_orders(draw), strict=True), strict=False)
    }
    if draw.random() < 0.5:
        columns["gross"] = [float(text) for text in columns["gross"]]  # type: ignore[misc]
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file)
    return Case("orders.parquet", _sometimes_damaged(file.getvalue(), draw))


def archive(draw: random.Random) -> Case:
    """A gz or zip file of one of the others, damaged inside or outside."""
    inside = draw.choice((delimited, shopify, json_lines))(draw)
    if draw.random() < 0.5:
        return Case(f"{inside.name}.gz", _sometimes_damaged(gzip.compress(inside.content, mtime=0), draw))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", draw.choice((zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED))) as packed:
        packed.writestr(
            draw.choice((inside.name, f"../{inside.name}", f"a/{inside.name}", "readme.txt")), inside.content
        )
        if draw.random() < 0.5:
            packed.writestr("order_lines.csv", _text(LINE_COLUMNS, _lines(draw), draw))
    return Case("exports.zip", _sometimes_damaged(file.getvalue(), draw))


@cache
def _functions() -> tuple[str, ...]:
    with duckdb.connect() as con:
        rows = con.execute("SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_name ~ '^[a-z_0-9]+$'")
        return tuple(sorted(name for (name,) in rows.fetchall()))


def mapping(draw: random.Random) -> Case:
    """A mapping file whose expressions use any function, operator or clause of SQL over a plain file."""
    texts = (
        '"id"',
        '"day"',
        '"total"',
        "line",
        "'EUR'",
        "1",
        "NULL",
        f"'{SECRET}'",
        "(SELECT 1)",
        "*",
        "x -> x",
        "[1, 2]",
    )

    def expression(depth: int) -> str:
        if depth == 0 or draw.random() < 0.2:
            return draw.choice(texts)
        match draw.randint(0, 6):
            case 0 | 1 | 2:
                arguments = ", ".join(expression(depth - 1) for _ in range(draw.randint(0, 3)))
                return f"{draw.choice(_functions())}({arguments})"
            case 3:
                left, right = expression(depth - 1), expression(depth - 1)
                return f"{left} {draw.choice(('+', '||', '/', '=', 'AND', 'IN', '->', '::', ','))} {right}"
            case 4:
                return (
                    f"CASE WHEN {expression(depth - 1)} THEN {expression(depth - 1)} ELSE {expression(depth - 1)} END"
                )
            case 5:
                return f"exists(SELECT 1 FROM {draw.choice(_functions())}({expression(depth - 1)}))"
        return f"CAST({expression(depth - 1)} AS {draw.choice(('VARCHAR', 'BLOB', 'JSON', 'INTEGER[]', 'TIMESTAMP', 'NOTHING'))})"

    good = {"order_id": '"id"', "ordered_at": '"day"', "gross": '"total"', "currency": "'EUR'"}
    for name in draw.sample(sorted(good), draw.randint(0, 2)):
        good[name] = expression(draw.randint(1, 3))
    text = "".join(f"{name} = {json.dumps(sql)}\n" for name, sql in good.items())
    where = f"where = {json.dumps(expression(2))}\n" if draw.random() < 0.3 else ""
    rows = "id,day,total\n1,2024-01-05,10.00\n2,2024-01-06,20.00\n"
    return Case("plain.csv", rows.encode(), f'name = "fuzzed"\n[orders]\n{where}[orders.columns]\n{text}')


KINDS: dict[str, Callable[[random.Random], Case]] = {
    "delimited": delimited,
    "shopify": shopify,
    "json": json_lines,
    "xlsx": xlsx,
    "parquet": parquet,
    "archive": archive,
    "mapping": mapping,
}
"""The generators of input files, by name."""


def case(kind: str, seed: int) -> Case:
    """The input of this kind and seed."""
    return KINDS[kind](random.Random(f"{kind} {seed}"))
