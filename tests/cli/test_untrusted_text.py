"""Orders whose text was typed by strangers: nothing of it runs in a spreadsheet or steers a terminal."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import re
import subprocess
from pathlib import Path

import pytest

EVIL = (
    "order_id,customer_id,email,ordered_at,currency,gross,country,channel\n"
    'o1,"=cmd|\'/C calc\'!A0",=1+1@x.com,2024-01-05,GBP,5,"=HYPERLINK(""http://x"")",+web\n'
    "o2,\x1b]0;owned\x07\x1b[31mred,b@x.com,2024-01-06,GBP,5,\x1b[2J,@sum\n"
    'o3,-1+1,c@x.com,2024-01-07,GBP,5,DE,"x\r\ny"\n'
    'o4,c4,d@x.com,notadate,GBP,5,DE,"=evil()"\n'
    "o5,'; DROP TABLE orders;--,e@x.com,2024-01-08,GBP,5,'; DROP TABLE main.orders; --,web\n"
    "o6,\u202egro.elpmaxe,f@x.com,\x1b[2Jtoday,GBP,-5.00,\x9b31m,web\n"
)
STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
FORMULA = re.compile(r"[=@\t\r]|[-+](?![\d.,]+$)")

ASKED = [
    ("drill-down", "active_buyers", "--period", "all"),
    ("metric", "orders", "--grain", "all", "--split", "country"),
    ("metric", "orders", "--grain", "all", "--split", "channel"),
    ("metrics", "--period", "2024-01", "--split", "channel"),
    ("rejects",),
    ("loads",),
]


@pytest.fixture
def evil(command, tmp_path: Path) -> Path:
    (tmp_path / "evil.csv").write_bytes(EVIL.encode())
    shop = tmp_path / "evil"
    assert command("init", shop, "--currency", "GBP", "--timezone", "UTC").code == 0
    said = command("load", tmp_path / "evil.csv", "--shop", shop)
    assert said.code == 0 and not STEERING.search(said.out + said.err), said
    return shop


def test_no_cell_of_a_csv_is_a_formula(command, evil: Path):
    texts = []
    for asked in ASKED:
        said = command(*asked, "--format", "csv", "--shop", evil)
        assert said.code == 0 and not STEERING.search(said.out), said
        texts += [field for row in csv.reader(io.StringIO(said.out)) for field in row]
    assert [text for text in texts if FORMULA.match(text)] == []
    assert {"'=cmd|'/C calc'!A0", '\'=HYPERLINK("http://x")', "'-1+1", "'+web", "'@sum"} <= set(texts)


def test_nothing_steers_a_pipe_and_json_holds_the_text_as_it_is(command, evil: Path):
    for asked in ASKED:
        for how in ("table", "json"):
            said = command(*asked, "--format", how, "--shop", evil)
            assert said.code == 0 and not STEERING.search(said.out + said.err), said
    found = json.loads(
        command("metric", "orders", "--grain", "all", "--split", "country", "--format", "json", "--shop", evil).out
    )
    assert "\x1b[2J" in {value["split"]["country"] for value in found}


def test_nothing_steers_a_terminal(program: list[str], evil: Path):
    ours, theirs = pty.openpty()
    asked = [*program, "drill-down", "active_buyers", "--period", "all", "--shop", str(evil)]
    with subprocess.Popen(
        asked, stdout=theirs, stderr=theirs, env=os.environ | {"TERM": "xterm", "COLUMNS": "200"}
    ) as process:
        os.close(theirs)
        shown = b""
        try:
            while more := os.read(ours, 4096):
                shown += more
        except OSError:  # the other end is closed
            pass
        assert process.wait() == 0, shown
    text = shown.decode()
    assert r"\x1b]0;owned\x07" in text
    assert "\x1b[2J" not in text and "\x1b]" not in text and "\x07" not in text and "\x1b[31mred" not in text


def test_exported_rejects_hold_no_formula_and_load_as_they_were(command, evil: Path, tmp_path: Path):
    out = tmp_path / "rejects.csv"
    assert command("rejects", "--export", out, "--shop", evil).code == 0
    rows = list(csv.DictReader(io.StringIO(out.read_bytes().decode(), newline="")))
    assert [row["channel"] for row in rows] == ["'=evil()", "web"]
    assert [row["gross"] for row in rows] == ["5", "-5.00"], "numbers stay numbers"
    out.write_bytes(out.read_bytes().replace(b"notadate", b"2024-01-09"))
    assert command("load", out, "--shop", evil).code == 0
    said = command("metric", "orders", "--grain", "all", "--split", "channel", "--format", "json", "--shop", evil)
    assert {"=evil()", "+web", "@sum"} < {value["split"]["channel"] for value in json.loads(said.out)}
