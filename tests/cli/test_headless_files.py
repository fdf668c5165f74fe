"""A file without a header, or one that is no table at all, is refused without showing what its first lines hold."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

TILL = """name = "till"
[orders.columns]
order_id = "nr"
ordered_at = "day"
gross = "amount"
currency = "'GBP'"
"""

HEADLESS = {
    "words only": "Anna Smith,Berlin,teapot\nBen Jones,Leeds,jumper\nCem Kaya,York,mug\n",
    "words that repeat": "Anna Smith,paid,Leeds\nBen Jones,paid,York\nCem Kaya,open,Leeds\n",
    "few numbers": "Anna Smith,Berlin,teapot,19.90\nBen Jones,Leeds,jumper,20.00\nCem Kaya,York,mug,7.00\n",
    "a number is missing": "Anna Smith,Berlin,,teapot\nBen Jones,Leeds,2,jumper\nCem Kaya,York,3,mug\n",
    "codes": "Anna Smith;GBP;web\nBen Jones;GBP;shop\nCem Kaya;EUR;web\n",
    "one line": "Anna Smith,Berlin,teapot\n",
    "a title above": "Our customers\n\nAnna Smith,Berlin,teapot\nBen Jones,Leeds,jumper\nCem Kaya,York,mug\n",
    "addresses": "anna@example.com,Anna Smith,Berlin\nben@example.com,Ben Jones,Leeds\n",
    "no text": "1001,2024-03-01,19.90,Anna Smith\n1002,2024-03-02,20.00,Ben Jones\n",
}
PASSWD = (
    "root:x:0:0:root:/root:/bin/bash\nlist:x:38:38:Mailing List Manager:/var/list:/usr/sbin/nologin\n"
    "anna:x:1000:1000:Anna Smith,Room 7,,:/home/anna:/bin/bash\nben:x:1001:1001:Ben Jones,,,:/home/ben:/bin/bash\n"
)


def words_shown(text: str, shown: str) -> list[str]:
    """The words of a file that are shown: those of three characters and more."""
    words = {word for word in text.replace(",", " ").replace(";", " ").replace(":", " ").split() if len(word) > 2}
    return sorted(word for word in words if word in shown)


@pytest.mark.parametrize("text", HEADLESS.values(), ids=HEADLESS)
@pytest.mark.parametrize("mapped", [False, True], ids=["recognised", "mapped"])
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_file_without_header_shows_no_data(command, shop: Path, tmp_path: Path, text: str, mapped: bool, kind: str):
    file = tmp_path / f"july.{kind}"
    if kind == "csv":
        file.write_text(text)
    else:
        book = openpyxl.Workbook()
        for line in text.splitlines():
            book.active.append(line.replace(";", ",").split(","))
        book.save(file)
    (tmp_path / "till.toml").write_text(TILL)
    said = command("load", file, *(("--mapping", tmp_path / "till.toml") if mapped else ()), "--shop", shop)
    message, hint = said.err.splitlines()
    assert (said.code, said.out) == (1, "")
    assert message.startswith(f"july.{kind} seems to have no header: its first line has ")
    assert 'header = ["…", "…"] under [read]' in hint
    assert words_shown(text, said.err) == []


@pytest.mark.parametrize(
    "text",
    [
        "f_stop,iso,lens\n8,100,x\n11,200,y\n",
        "Besteller;Wann;Summe\nAnna Smith;01.03.2024;5,00\nBen Jones;02.03.2024;6,00\n",
        "customer_id,shoe_size,star_sign,email\n1,a,b,c\n",
    ],
)
def test_the_names_of_a_header_are_shown(command, shop: Path, tmp_path: Path, text: str):
    (tmp_path / "july.csv").write_text(text)
    names = ", ".join(text.splitlines()[0].replace(";", ",").split(","))
    assert f"Its columns are: {names}." in command("load", tmp_path / "july.csv", "--shop", shop).err


@pytest.mark.parametrize("name", ["x.csv", "x.txt", "x.json", "x.tsv"])
def test_a_link_to_another_file_shows_nothing_of_it(command, shop: Path, tmp_path: Path, name: str):
    (tmp_path / "passwd").write_text(PASSWD)
    folder = tmp_path / "exports"
    folder.mkdir()
    (folder / "orders.csv").write_text("order_id,ordered_at,currency,gross\n91,2024-03-01,GBP,5.00\n")
    (folder / name).symlink_to(tmp_path / "passwd")
    for words in ((folder,), (folder, "--skip-unknown"), (folder / name,)):
        said = command("load", *words, "--shop", shop)
        assert said.code in (0, 1, 3) and name in said.out + said.err
        assert words_shown(PASSWD, (said.out + said.err).replace(str(tmp_path), "")) == []


def test_the_header_that_the_message_asks_for_loads_the_file(command, shop: Path, tmp_path: Path):
    (tmp_path / "july.csv").write_text("91,2024-07-01,GBP,5.00\n92,2024-07-02,GBP,6.00\n")
    (tmp_path / "july.toml").write_text(
        'name = "regulars"\n[read]\nheader = ["order_id", "ordered_at", "currency", "gross"]\n'
    )
    said = command("load", tmp_path / "july.csv", "--mapping", tmp_path / "july.toml", "--shop", shop)
    assert said.code == 0 and "july.csv     2     2" in said.out, said
