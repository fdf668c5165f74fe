"""A line break or another control character in a value or a name begins no line of any output."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

BREAKS = {"feed": "\n", "return": "\r", "both": "\r\n", "separator": "\u2028", "tab": "\t", "escape": "\x1b[2J"}
FORGED = "Note: all is well."


@pytest.mark.parametrize(
    "mark",
    [pytest.param(mark, id=name, marks=() if name == "feed" else pytest.mark.slow) for name, mark in BREAKS.items()],
)
def test_no_output_has_a_line_that_data_began(command, tmp_path: Path, mark: str):
    shop, text = tmp_path / "shop", f"a{mark}{FORGED}"
    quoted = f'"{text}"'
    file, bad = tmp_path / f"{text}.csv", tmp_path / f"{text}2.csv"
    # A file of which more than one byte in fifty is a control character is taken for no text at all.
    ordinary = "".join(f"{n},c{n},2024-01-04,GBP,1.00,GB,y\n" for n in range(100, 120))
    file.write_bytes(
        f"order_id,customer_id,ordered_at,currency,gross,country,{quoted}\n"
        f"1,{quoted},2024-01-03,GBP,10.00,{quoted},x\n2,b,{quoted},GBP,5.00,{quoted},x\n{ordinary}".encode()
    )
    bad.write_bytes(f"{quoted},iso\n8,1\n9,2\n".encode() + b"10,3\n" * 20)
    assert command("init", shop, "--name", text, "--currency", "GBP", "--timezone", "UTC").code == 0
    runs = [
        command("load", file, "--shop", shop),
        command("load", file, "--shop", shop),
        command("load", bad, file, "--shop", shop),
        command("load", bad, "--shop", shop),
        command("load", tmp_path / f"{text}3.csv", "--shop", shop),
        command("load", file, "--again", "--strict", "--shop", shop),
        command("load", file, "--again", "--format", "json", "--shop", shop),
        command("rejects", "--shop", shop),
        command("rejects", "--file", text, "--shop", shop),
        command("loads", "--shop", shop),
        command("versions", "--shop", shop),
        command("check", "--shop", shop),
        command("metrics", "--period", "2024-01", "--shop", shop),
        command("metric", "orders", "--grain", "all", "--split", "country", "--shop", shop),
        command("metric", "orders", "--grain", "all", "--where", f"country={text}", "--shop", shop),
        command("metric", text, "--shop", shop),
        command("drill-down", "active_buyers", "--period", "all", "--shop", shop),
        command("explain", "orders", "--shop", shop),
        command("explain", text, "--shop", shop),
        command("people", "join", text, "b", "--shop", shop),
        command("people", "list", "--shop", shop),
        command("people", "merges", "--shop", shop),
    ]
    shown = 0
    for said in runs:
        assert "Traceback" not in said.err
        output = said.out + said.err
        shown += FORGED in output
        assert [line for line in output.splitlines() if line.lstrip(" \t").startswith(FORGED)] == [], said
        assert not set(output) & {"\r", "\u2028", "\t", "\x1b"}, said
    assert shown >= 8, "the outputs hold the text"
    said = command("metric", "orders", "--grain", "all", "--split", "country", "--format", "json", "--shop", shop)
    countries = {value["split"]["country"] for value in json.loads(said.out)}
    assert {text, text.replace("\r\n", "\n").replace("\r", "\n")} & countries, (
        "the reader writes each line break as \\n"
    )
