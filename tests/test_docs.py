"""The documentation is complete, and what it tells you to type works."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import shlex
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import typer

from metrics.test_examples import test_the_example_of as check_example
from regulars.cli import application, run
from regulars.metrics.catalogue import CATALOGUE, THEMES, value
from regulars.simulate import ShopShape, simulate, write_shopify
from regulars.vocabulary.machine import Machine
from regulars.vocabulary.shop import Settings
from regulars.warehouse import schema
from regulars.warehouse.tables import TABLES
from warehouse.test_tables import written as written_columns

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted({*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")})
README = (ROOT / "README.md").read_text(encoding="utf-8")

FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`(regulars [^`]+)`")
LINK = re.compile(r"\]\((?!https?:)([^)\s]*)\)")


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def headings(page: Path) -> set[str]:
    """The headings of a page, without what stands in its code."""
    return set(re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE))


def leaves(command: Any, name: str = "regulars") -> Iterator[tuple[str, Any]]:
    """Every command that does something, by its whole name."""
    if not hasattr(command, "commands"):
        yield name, command
        return
    for word, inner in command.commands.items():
        yield from leaves(inner, f"{name} {word}")


COMMANDS: dict[str, Any] = dict(leaves(typer.main.get_command(application())))


METRICS = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
METRIC_LINK = re.compile(r"\[(\w+)\]\((metrics/[\w-]+\.md)#(\w+)\)")


def rows_of_themes() -> dict[str, list[tuple[list[str], set[str], str]]]:
    """By theme, the rows of its table in docs/metrics.md: the metrics in it, their pages, and the text as it is shown."""
    sections = (section.partition("\n") for section in re.split(r"^## ", METRICS, flags=re.MULTILINE)[1:])
    return {
        title: [
            ([link[2] for link in links], {link[1] for link in links}, METRIC_LINK.sub(r"\1", row))
            for row in text.splitlines()
            if (links := METRIC_LINK.findall(row))
        ]
        for title, _, text in sections
        if title in THEMES
    }


def test_every_metric_stands_in_the_table_of_its_theme_alone():
    listed = {theme: [name for names, _, _ in rows for name in names] for theme, rows in rows_of_themes().items()}
    assert {theme: set(names) for theme, names in listed.items()} == {
        theme: {metric.name for metric in metrics} for theme, metrics in THEMES.items()
    }
    assert Counter(name for names in listed.values() for name in names) == Counter(m.name for m in CATALOGUE)


def test_a_theme_fits_one_screen():
    """Of 24 lines with 120 characters."""
    lines = {theme: sum(-(-len(shown) // 120) for _, _, shown in rows) for theme, rows in rows_of_themes().items()}
    assert {theme: count for theme, count in lines.items() if count > 24} == {}


def test_every_metric_has_an_entry_on_the_page_of_its_theme():
    for rows in rows_of_themes().values():
        (page,) = {page for _, pages, _ in rows for page in pages}
        assert {name for names, _, _ in rows for name in names} - headings(ROOT / "docs" / page) == set()


@pytest.mark.parametrize(
    ("everyday", "name"),
    [
        ("Repeat purchase rate", "repeat_purchase_rate"),
        ("LTV", "customer_lifetime_value"),
        ("Churn", "customer_churn_rate"),
    ],
)
def test_a_metric_is_found_by_its_everyday_name(everyday: str, name: str):
    names = METRICS.partition("## Everyday names")[2]
    assert re.search(rf"^\| {everyday} \| \[{name}\]", names, re.MULTILINE)


def test_every_table_is_documented():
    assert {table.name for table in TABLES} - headings(ROOT / "docs" / "tables.md") == set()


def test_every_command_is_documented():
    assert COMMANDS.keys() - headings(ROOT / "docs" / "commands.md") == set()


def test_every_setting_is_documented():
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    named = {field.name for settings in (Settings, Machine) for field in fields(settings)} - {
        "machine",
        "business_hours",
    }
    assert "\n[business_hours]\n" in page
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == named


def test_the_index_lists_every_page():
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    pages = {page.name for page in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert set(re.findall(r"^\| \[[^]]+\]\(([\w-]+\.md)\) \|", index, re.MULTILINE)) == pages


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path):
    broken = []
    for target in LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8"))):
        file, _, heading = target.partition("#")
        there = page.parent / file if file else page
        titles = headings(there) if heading and there.exists() else ()
        anchors = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
        if not there.exists() or (heading and heading not in anchors):
            broken.append(target)
    assert broken == []


NAMED_FILE = re.compile(r"(?<![\w/.])(?:[\w-]+/)*[\w-]+\.(?:py|sh)\b|(?<=`)(?:[\w-]+/)+(?=`)")
PLACES = [
    f"/{path.relative_to(ROOT).as_posix()}{'/' if path.is_dir() else ''}"
    for top in ("src", "tests", "docs", "scripts", "bench", "examples", "changes")
    for path in (ROOT / top, *(ROOT / top).rglob("*"))
]
# Folders of a shop, not of the repository.
OF_A_SHOP = {"log/", "warehouse/", "warehouse/cache/", "warehouse/log/"}


def unknown_places(text: str) -> set[str]:
    """The modules, scripts and folders named in the code of a text that end no path of the repository."""
    named = {name for code in re.findall(r"`[^`\n]+`", FENCE.sub("", text)) for name in NAMED_FILE.findall(code)}
    return {name for name in named - OF_A_SHOP if not any(place.endswith(f"/{name}") for place in PLACES)}


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "CHANGELOG.md"], ids=name_of)
def test_the_modules_that_a_page_names_exist(page: Path):
    assert unknown_places(page.read_text(encoding="utf-8")) == set()


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "CHANGELOG.md"], ids=name_of)
def test_the_tests_that_a_page_says_to_run_exist(page: Path):
    lines = re.findall(r"^ *(?:\.venv/bin/)?pytest .+$", page.read_text(encoding="utf-8"), re.MULTILINE)
    paths = {path for line in lines for path in re.findall(r"(?<!\S)tests/\S+", line)}
    assert {path for path in paths if not (ROOT / path).exists()} == set()


def test_a_renamed_module_would_be_noticed():
    assert unknown_places("In `cli/options.py`, `tests/test_docs.py` and `metrics/shapes/`.") == set()
    assert unknown_places("In `cli/choices.py` and `metrics/shape/`.") == {"cli/choices.py", "metrics/shape/"}


def test_the_table_of_adding_a_table_is_declared_as_the_page_says():
    page = (ROOT / "docs" / "adding-a-table.md").read_text(encoding="utf-8")
    names = dict(vars(schema))
    exec(next(code for language, code in FENCE.findall(page) if language == "python"), names)
    contract = re.search(r'"reviews": "(.+)"', page)
    who = "customer_id? email? phone? person_id?"
    assert contract and written_columns(names["reviews"]) == contract[1].replace("who", who)


def test_the_metric_of_adding_a_metric_has_the_value_that_the_page_says():
    """In the file that the page names, where it is not declared yet."""
    page = (ROOT / "docs" / "adding-a-metric.md").read_text(encoding="utf-8")
    code = next(code for language, code in FENCE.findall(page) if language == "python")
    metric = eval(code, dict(vars(value)))
    assert metric.name not in {declared.name for declared in CATALOGUE}
    check_example(metric)
    nature = f"{metric.nature.value} {metric.length.value}"
    assert f"   {metric.group}\n       {nature}: {metric.name}\n" in page


GENERATED = re.compile(r"<!-- \[\[\[cog.*?\[\[\[end\]\]\] -->", re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_prose_is_wrapped_at_100(page: Path):
    prose = FENCE.sub("", page.read_text(encoding="utf-8"))
    assert [line for line in prose.splitlines() if len(line) > 100 and not line.startswith("|")] == []


NO_TERMS = re.compile(
    r"\b(wish|shelf|lives|hindsight|silence|silent|ripe|luck|books|rooms?|hidden quarters?)\b", re.IGNORECASE
)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_prose_has_standard_terms_only(page: Path):
    prose = re.sub(r"\]\([^)]*\)|`[^`]*`", "", GENERATED.sub("", FENCE.sub("", page.read_text(encoding="utf-8"))))
    assert NO_TERMS.findall(prose) == []


def written(page: Path) -> Iterator[str]:
    """Each line that begins with regulars in the page's code, and each piece of code in its text that does."""
    text = page.read_text(encoding="utf-8")
    for language, code in FENCE.findall(text):
        if language in ("", "bash"):
            yield from (line for line in code.splitlines() if line.startswith("regulars "))
    prose = FENCE.sub("", text)
    yield from re.findall(r"^    (regulars .+)$", prose, re.MULTILINE)
    yield from INLINE.findall(prose)


def trouble(line: str) -> str | None:
    """What is wrong with a command line. What it leaves out (`regulars undo`, in a sentence) is not wrong."""
    words = shlex.split(line, comments=True)
    words = words[: words.index(">")] if ">" in words else words
    name = max((command for command in COMMANDS if f"{command} " in f"{' '.join(words)} "), key=len, default="")
    if words[1:] in (["--version"], ["--help"]):
        return None
    if not name:
        group = any(command.startswith(" ".join(words[:2]) + " ") for command in COMMANDS)
        return None if group and len(words) == 2 else "no such command"
    try:
        COMMANDS[name].make_context(name, words[len(name.split()) :])
    except Exception as error:
        if type(error).__name__ != "MissingParameter":
            return str(error)
    return None


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_line_can_be_typed(page: Path):
    assert {line: wrong for line in written(page) if (wrong := trouble(line))} == {}


def test_a_wrong_command_line_would_be_noticed():
    assert trouble("regulars metrics --format csv") is None
    assert trouble("regulars people") is None
    assert trouble("regulars metricks") == "no such command"
    assert "--fromat" in str(trouble("regulars metrics --fromat csv"))
    assert "xml" in str(trouble("regulars metrics --format xml"))


OPTIONS = {name for command in COMMANDS.values() for parameter in command.params for name in parameter.opts}
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_option_named_in_a_sentence_exists(page: Path):
    spans = re.findall(r"`[^`\n]+`", FENCE.sub("", page.read_text(encoding="utf-8")))
    ours = [span for span in spans if not span.startswith(("`git ", "`make ", "`python "))]
    assert {name for span in ours for name in OPTION.findall(span)} - OPTIONS - {"--help", "--version"} == set()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the files that the README's five minutes speak of."""
    write_shopify(simulate(ShopShape(customers=300, months=6), 1), tmp_path)
    (tmp_path / "orders.csv").write_text(
        "order_id,ordered_at,gross,currency,email\n1,2025-11-03 10:15,19.90,EUR,ann@example.com\n", encoding="utf-8"
    )
    (tmp_path / "product_costs.csv").write_text(
        "product_id,valid_from,unit_cost,currency\nP1,2025-01-01,4.50,GBP\n", encoding="utf-8"
    )
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    return tmp_path


def test_the_five_minutes_of_the_readme_work(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys):
    monkeypatch.chdir(folder)
    chapter = README.partition("\n## Five minutes")[2].partition("\n## ")[0]
    lines = [line for _, code in FENCE.findall(chapter) for line in code.splitlines()]
    assert len(lines) > 8
    for line in lines:
        assert (line, run(shlex.split(line)[1:])) == (line, 0)
        assert capsys.readouterr().out


WIDTH = 96
"""Characters that GitHub shows side by side."""


def in_a_terminal(command: str, folder: Path) -> str:
    """What a terminal of that width shows, without its colours."""
    ours, theirs = pty.openpty()
    settings = {**os.environ, "COLUMNS": str(WIDTH), "TERM": "xterm"}
    with subprocess.Popen(command, shell=True, cwd=folder, stdout=theirs, env=settings):
        os.close(theirs)
        sent = b""
        with contextlib.suppress(OSError):  # the other end is closed
            while more := os.read(ours, 4096):
                sent += more
    os.close(ours)
    return re.sub(r"\x1b\[[0-9;]*m", "", sent.decode())


@pytest.mark.slow
def test_the_picture_of_the_readme_is_what_the_demo_shows(tmp_path: Path):
    regulars = f"{shlex.quote(sys.executable)} -m regulars"
    subprocess.run(f"{regulars} demo", shell=True, cwd=tmp_path, capture_output=True, check=True)
    asked = f"{regulars} {README.partition('$ regulars ')[2].splitlines()[0]}"
    shown = {" ".join(row.split()) for row in in_a_terminal(asked, tmp_path).splitlines()}
    picture = next(code for _, code in FENCE.findall(README) if code.startswith("$ regulars")).splitlines()
    assert len(picture) > 20
    assert max(map(len, picture)) <= WIDTH
    assert [row for row in picture[1:] if " ".join(row.split()) not in {*shown, "…"}] == []
