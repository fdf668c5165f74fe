"""One spelling of an address and of a number, and what identifies nobody."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.vocabulary.errors import ShopError
from regulars.vocabulary.shop import Settings
from regulars.warehouse.identity.identities import define_identities

addresses = st.from_regex(r"[a-z0-9][a-z0-9.+_'-]{0,20}@[a-z0-9-]{1,12}\.(com|example|co\.uk)", fullmatch=True)


def settings(**values: object) -> Settings:
    return Settings.read({"name": "test", "currency": "GBP", "timezone": "UTC", **values}, "the test")


def asked(question: str, value: str | None, **values: object) -> object:
    con = duckdb.connect()
    define_identities(con, settings(**values))
    found = con.execute(f"SELECT {question}", [value]).fetchone()
    assert found is not None
    return found[0]


@pytest.mark.parametrize(
    ("raw", "identity"),
    [
        ("anna@example.com", "email:anna@example.com"),
        ("  Anna@Example.COM\t\n", "email:anna@example.com"),
        ("\u00a0anna@example.com\u00a0", "email:anna@example.com"),
        ("ÁNNA@example.com", "email:ánna@example.com"),
        ("anna.b+shop@mail.example.co.uk", "email:anna.b+shop@mail.example.co.uk"),
        ("anna@example", None),
        ("@example.com", None),
        ("anna@", None),
        ("anna at example.com", None),
        ("anna@example.com, bert@example.com", None),
        # what mail programs, links and spreadsheets put around an address
        ("Anna <anna@example.com>", "email:anna@example.com"),
        ('"Lee, Anna" <anna@example.com>', "email:anna@example.com"),
        ('"anna@example.com" <anna@example.com> ', "email:anna@example.com"),
        ("<anna@example.com>", "email:anna@example.com"),
        ("mailto:Anna@example.com", "email:anna@example.com"),
        ("<mailto:anna@example.com>", "email:anna@example.com"),
        ("mailto:Anna@example.com?subject=Order 7", "email:anna@example.com"),
        ("<mailto:anna@example.com?cc=bert@example.com&subject=Hi, you>", "email:anna@example.com"),
        ("anna@example.com?subject=y", "email:anna@example.com"),
        ("an?na@example.com", "email:an?na@example.com"),
        ("anna@example.com.", "email:anna@example.com"),
        ("'anna@example.com", "email:anna@example.com"),
        ("'anna@example.com'", "email:anna@example.com"),
        ('"anna@example.com"', "email:anna@example.com"),
        ("\u201canna@example.com\u201d", "email:anna@example.com"),
        ("\u200banna@example.com\ufeff", "email:anna@example.com"),
        ("anna\u200b@example.com", "email:anna@example.com"),
        ("\u2003anna@example.com\u3000", "email:anna@example.com"),
        ("o'neill@example.com", "email:o'neill@example.com"),
        ("anna@example.com <bert@example.com> cem@example.com", None),
        ("Anna <anna@example.com", None),
        ("anna@exam'ple.com", None),
        ("<>", None),
        ("n/a", None),
        ("", None),
        (None, None),
    ],
)
def test_addresses(raw: str | None, identity: str | None):
    assert asked("email_identity(?)", raw) == identity


@pytest.mark.parametrize(
    ("raw", "country", "number"),
    [
        # what a number of the United Kingdom may look like in one shop's files
        ("+44 1632 960961", "44", "+441632960961"),
        ("'+441632960961", "44", "+441632960961"),
        ("0044 (1632) 960-961", "44", "+441632960961"),
        ("+44 (0)1632 960961", "44", "+441632960961"),
        ("0044 (0) 1632 960961", "44", "+441632960961"),
        ("(01632) 960961", "44", "+441632960961"),
        ("441632960961", "44", "+441632960961"),  # a spreadsheet dropped the plus sign
        ("1632960961", "44", "+441632960961"),  # and here the zero
        # other countries dial something else before a national number
        ("06 30 123 4567", "36", "+36301234567"),
        ("+36 30 123 4567", "36", "+36301234567"),
        ("8 912 345-67-89", "7", "+79123456789"),
        ("812 345 67 89", "7", "+78123456789"),
        ("7 912 345 67 89", "7", "+79123456789"),
        ("06 6982 1234", "39", "+390669821234"),
        ("391 234 5678", "39", "+393912345678"),
        ("+39 391 234 5678", "39", "+393912345678"),
        ("691 234 5678", "30", "+306912345678"),
        ("0532 123 45 67", "90", "+905321234567"),
        ("(415) 555-2671", "1", "+14155552671"),
        ("1-415-555-2671", "1", "+14155552671"),
        # a number from abroad stays one
        ("+30 691 234 5678", "44", "+306912345678"),
        # without a country, a national number is itself and nothing more
        ("01632 960961", None, "01632960961"),
        ("+44 1632 960961", None, "+441632960961"),
        ("00441632960961", None, "+441632960961"),
        # an extension is none of the number
        ("(415) 555 0123 ext. 5", "1", "+14155550123"),
        ("+1 415 555 0123 x5", "1", "+14155550123"),
        ("+1 415 555 0123x1234", "1", "+14155550123"),
        ("415-555-0123 #5", "1", "+14155550123"),
        ("415-555-0123, Extension: 12", "1", "+14155550123"),
        ("tel:+1-415-555-0123;ext=5", "1", "+14155550123"),
        ("(415) 555-0123 (ext 5)", "1", "+14155550123"),
        ("030 901820 Durchwahl 12", "49", "+4930901820"),
        ("030 901820 DW 12", "49", "+4930901820"),
        ("01632 x 96 09 61", "44", "+441632960961"),  # what follows is longer than an extension
        # what is no number
        ("960961", "44", None),
        ("123456", None, None),
        ("1234567", None, None),
        ("0123456789", "44", None),
        ("0000000000", "44", None),
        ("+44 0000000000", "44", None),
        ("07777777777", "44", None),
        ("4.41633E+11", "44", None),
        ("4,41633E+11", "44", None),
        ("+44 1632 960961 960961", "44", None),
        ("none", "44", None),
        ("", "44", None),
        (None, "44", None),
    ],
)
def test_numbers(raw: str | None, country: str | None, number: str | None):
    identity = None if number is None else f"phone:{number}"
    assert asked("phone_identity(?)", raw, phone_country_code=country) == identity


@pytest.mark.parametrize(
    ("entry", "value", "shared"),
    [
        ("orders@shop.example", "ORDERS@shop.example", True),
        ("orders@shop.example", "anna.orders@shop.example", False),
        ("*@market.example", "x7f3@market.example", True),
        ("*@market.example", "x7f3@market.example.com", False),
        ("market.example", "x7f3@Market.example", True),
        ("a_b@shop.example", "axb@shop.example", False),  # an underscore is an underscore
        ("100%@shop.example", "100percent@shop.example", False),
        ("o'neill*@shop.example", "o'neill.office@shop.example", True),
    ],
)
def test_shared_addresses_identify_nobody(entry: str, value: str, shared: bool):
    found = asked("email_identity(?)", value, shared_addresses=(entry,))
    assert (found is None) is shared


@pytest.mark.parametrize(
    ("entry", "value", "shared"),
    [
        ("+441632960961", "01632 960961", True),
        ("01632 960961", "+44 1632 960961", True),
        ("+441632960961", "01632 960962", False),
        ("+44163296*", "01632 960962", True),
        ("0044 163296*", "01632 960962", True),
    ],
)
def test_shared_numbers_identify_nobody(entry: str, value: str, shared: bool):
    found = asked("phone_identity(?)", value, shared_addresses=(entry,), phone_country_code="44")
    assert (found is None) is shared


def test_an_entry_that_is_neither_address_nor_number_is_refused():
    with pytest.raises(ShopError, match="'12' of shared_addresses"):
        define_identities(duckdb.connect(), settings(shared_addresses=("12",)))


def test_a_customer_id_counts_within_its_source():
    assert asked("id_identity('shopify:uk', ?)", " 12 ") == "id:shopify:uk:12"
    assert asked("id_identity('shopify:uk', ?)", "  ") is None
    assert asked("id_identity('shopify:uk', ?)", None) is None


@pytest.mark.parametrize("word", ["0", "-1", "guest", "null", "none", "n/a", "nan", "-", "undefined"])
@pytest.mark.parametrize("dressed", ["{}", " {}\t", "\u00a0{} "])
def test_a_word_for_nobody_is_no_customer_id(word: str, dressed: str):
    for spelt in (word, word.upper(), word.title()):
        assert asked("id_identity('regulars', ?)", dressed.format(spelt)) is None


@pytest.mark.parametrize("value", ["00", "10", "1", "guest7", "nobody", "none.", "n/ab", "--"])
def test_an_id_that_only_looks_like_a_word_for_nobody_is_an_id(value: str):
    assert asked("id_identity('regulars', ?)", value) == f"id:regulars:{value}"


DRESSINGS = (
    "{}",
    "mailto:{}",
    "mailto:{}?subject=a@b.c",
    "<{}>",
    "Anna <{}>",
    '"{}"',
    "'{}'",
    "{}.",
    "\ufeff{}",
    " {}\t",
)


@given(st.sampled_from(DRESSINGS), addresses)
def test_dressing_never_makes_another_address(dressing: str, address: str):
    assert asked("email_identity(?)", dressing.format(address)) == f"email:{address}"
