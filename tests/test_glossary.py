"""The glossary is in order, defines what `regulars explain` shows, and holds no term that nobody reads elsewhere."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from regulars.cli import run
from regulars.metrics.catalogue import CATALOGUE
from regulars.metrics.query_result import Verdict
from regulars.metrics.shapes import Length, Nature
from regulars.vocabulary.shop import Settings
from test_docs import COMMANDS

ROOT = Path(__file__).resolve().parents[1]
GLOSSARY = ROOT / "docs" / "glossary.md"
TERMS_OF_PAGE, _, LABELS_OF_PAGE = GLOSSARY.read_text(encoding="utf-8").partition("\n# Labels")
ENTRIES = {
    part.partition("\n")[0]: part.partition("\n")[2].strip()
    for part in re.split(r"^## ", TERMS_OF_PAGE, flags=re.M)[1:]
}
OTHER_PAGES = [page for page in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")) if page != GLOSSARY]
READ = " ".join(" ".join(page.read_text(encoding="utf-8") for page in OTHER_PAGES).split()).lower()
STATISTICAL = {
    "Student's t", "gradient boosting", "logistic regression",
    "BG/NBD", "Benjamini–Hochberg", "Brier score", "Gamma-Gamma", "MBG/NBD", "NBD", "Pareto/NBD", "Simes", "Wilson",
    "Woodruff", "backtest period", "frequency", "interval", "jackknife", "log score", "net promoter score",
    "probability alive", "recency", "shifted beta-geometric",
}  # fmt: skip


def test_terms_are_in_alphabetical_order():
    assert list(ENTRIES) == sorted(ENTRIES, key=str.lower)


@pytest.mark.parametrize("term", ENTRIES)
def test_a_term_is_defined_and_used_in_the_docs(term: str):
    assert ENTRIES[term].endswith(".") and len(ENTRIES[term]) > 30
    spelling = re.escape(term.lower()).replace(r"\ ", "[ _-]")
    assert re.search(rf"(?<!\w){spelling}s?(?!\w)", READ), spelling


@pytest.mark.parametrize("term", ENTRIES)
def test_an_entry_says_where_the_term_is_shown(term: str):
    definition, _, where = ENTRIES[term].partition("\n\nWhere: ")
    assert definition.endswith(".") and re.search(r"`[^`]+`|\]\(.+\)", where)


def test_the_options_and_settings_of_the_glossary_exist():
    options = {name for command in COMMANDS.values() for parameter in command.params for name in parameter.opts}
    assert set(re.findall(r"(?<![\w-])--[a-z-]+", TERMS_OF_PAGE)) - options == set()
    assert set(re.findall(r"the setting `(\w+)`", TERMS_OF_PAGE)) - {field.name for field in fields(Settings)} == set()


def test_what_metrics_and_verdicts_are_called_is_defined():
    assert {*map(str, Nature), *map(str, Verdict), str(Length.HAZARD)} - ENTRIES.keys() == set()


def test_statistical_terms_name_their_source():
    assert [term for term in STATISTICAL if "Source: " not in " ".join(ENTRIES[term].split())] == []


def test_the_labels_of_explain_are_defined(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shown: set[str] = set()
    for metric in CATALOGUE:
        assert run(["explain", metric.name]) == 0
        head = capsys.readouterr().out.partition("\nExample")[0].splitlines()[3:]
        shown |= {line.partition("  ")[0] for line in head if line}
    assert len(shown) > 10
    source = (ROOT / "src" / "regulars" / "cli" / "explaining.py").read_text(encoding="utf-8")
    shown |= set(re.findall(r'_line\([^")]*(?:"" if \w+ else )?"([A-Z][a-z ]+)"', source))
    assert {"In this shop", "Formula"} <= shown
    defined = set(re.findall(r"^\| (.+?) \|", LABELS_OF_PAGE, re.MULTILINE)) - {"label", "---"}
    assert shown - defined == set()
