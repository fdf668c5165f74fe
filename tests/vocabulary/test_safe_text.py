"""What strangers typed steers neither a terminal nor a spreadsheet."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.vocabulary.safe_text import in_json, one_line, visible, without_formula

BIDI = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


def steers(character: str) -> bool:
    control = unicodedata.category(character) in ("Cc", "Zl", "Zp") and character not in "\t\n"
    return control or unicodedata.bidirectional(character) in BIDI


def test_no_character_of_unicode_steers_a_terminal():
    everything = "".join(map(chr, range(0x110000)))
    assert [hex(ord(character)) for character in visible(everything) if steers(character)] == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", r"\x1b[2J"),
        ("\x1b]0;owned\x07", r"\x1b]0;owned\x07"),
        ("a\r\nb\tc\rd", "a\nb\tc\\x0dd"),
        ("\x7f\x9b", r"\x7f\x9b"),
        ("abc\u202etxt.exe", r"abc\u202etxt.exe"),
        ("Käufer – 7 € 😀 שלום", "Käufer – 7 € 😀 שלום"),
    ],
)
def test_control_characters_are_written_out(text: str, shown: str):
    assert visible(text) == shown


@given(st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_json_is_the_same_and_steers_nothing(content: object):
    document = in_json(json.dumps(content, ensure_ascii=False))
    assert json.loads(document) == content
    assert not any(steers(character) for character in document)


@pytest.mark.parametrize(
    "text", ["=1+1", "+web", "@sum", "-1+1", "=cmd|'/C calc'!A0", "\t=1", "\r=1", "＝1+1", "-x", "+", "=", "-2-3"]
)
def test_what_begins_like_a_formula_gets_an_apostrophe(text: str):
    assert without_formula(text) == "'" + text


@pytest.mark.parametrize(
    "text", ["", "a=1", "-1", "+44 1632 960961", "-1,234.50", "-.5", "+5%", "1-2", "'=1", "ana@example.com"]
)
def test_numbers_and_other_text_stay(text: str):
    assert without_formula(text) == text


@given(st.text())
def test_nothing_that_begins_like_a_formula_is_left_but_numbers(text: str):
    safe = without_formula(text)
    assert safe[:1] not in ("=", "@", "\t", "\r") or safe.isspace()
    if safe[:1] in ("+", "-"):
        assert not any(character.isalpha() or character in "(!|" for character in safe)


@given(st.text())
def test_one_line_is_one_line(text: str):
    assert len(one_line(text).splitlines()) <= 1 and "\t" not in one_line(text)
