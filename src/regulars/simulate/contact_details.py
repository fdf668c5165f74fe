"""Emails, phone numbers, names and customer records of simulated customers, as they appear in files."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from regulars.simulate.baskets import Basket
from regulars.simulate.clock import Integers
from regulars.simulate.names import FIRST_NAMES, LAST_NAMES, PLACES, plain
from regulars.simulate.population import KNOWN_BY_PHONE, Kind, Population, Purchases
from regulars.simulate.shape import MARKETPLACE_EMAIL

_ACCOUNTS, _CHECKOUTS, _MARKETPLACE_ID = 6_100_000_000_000, 7_100_000_000_000, 6_000_000_000_000
_DOMAINS = ("@example.com", "@home.example.net")
_GIVES_EMAIL = (Kind.ACCOUNT, Kind.GUEST, Kind.TWO_EMAILS)

Flags = NDArray[np.bool_]


def pick(words: list[str] | tuple[str, ...], which: NDArray[np.integer]) -> pa.Array:
    """Return the word at each index."""
    return pa.array(words, pa.string()).take(pa.array(which))


def joined(*parts: pa.Array | str) -> pa.Array:
    """Concatenate the parts of each row; null if any part is null."""
    return pc.binary_join_element_wise(*(pa.scalar(p) if isinstance(p, str) else p for p in parts), "")


def digits(numbers: NDArray[np.integer]) -> pa.Array:
    """Return whole numbers as text."""
    return pa.array(numbers).cast(pa.string())


def _where(flags: Flags, yes: pa.Array | str, no: pa.Array | str | None) -> pa.Array:
    return pc.if_else(pa.array(flags), yes, pa.scalar(no, pa.string()) if no is None else no)


def emails(people: Population, person: NDArray[np.integer], second: Flags) -> pa.Array:
    """Return the email of each customer, the second one where `second`; null without an email."""
    kind = people.kind[person]
    own = joined(
        pick([plain(name) for name in FIRST_NAMES], people.first_name[person]),
        ".",
        pick([plain(name) for name in LAST_NAMES], people.last_name[person]),
        ".",
        digits(person + 1),
        pick(_DOMAINS, second.astype(np.int8)),
    )
    return _where(kind == Kind.MARKETPLACE, MARKETPLACE_EMAIL, _where(np.isin(kind, _GIVES_EMAIL), own, None))


def phones(people: Population, person: NDArray[np.integer], shown: Flags, blank: Flags) -> pa.Array:
    """Return the phone number of each customer, with a blank where `blank`; null without a number or where not `shown`."""
    code = pick([f"+{place.calling_code}" for place in PLACES], people.place[person])
    number = digits(7_100_000_000 + person.astype(np.int64))
    return _where(shown & people.has_phone[person], joined(code, pick(("", " "), blank.astype(np.int8)), number), None)


def names(people: Population, person: NDArray[np.integer]) -> tuple[pa.Array, pa.Array]:
    """Return first and last names of these customers."""
    return pick(FIRST_NAMES, people.first_name[person]), pick(LAST_NAMES, people.last_name[person])


def on_orders(people: Population, basket: Basket) -> tuple[pa.Array, pa.Array, pa.Array]:
    """Return customer id, email and phone of the orders of a block. Guests have no customer id."""
    person = basket.person
    kind = people.kind[person]
    second = basket.second_email & (kind == Kind.TWO_EMAILS)
    account = np.isin(kind, (Kind.ACCOUNT, Kind.TWO_EMAILS))
    typed = emails(people, person, second)
    return (
        _where(account, digits(_ACCOUNTS + 2 * person.astype(np.int64) + second), None),
        _where(basket.careless, pc.utf8_upper(typed), typed),
        phones(people, person, basket.gives_phone | np.isin(kind, KNOWN_BY_PHONE), basket.careless),
    )


@dataclass(frozen=True)
class Records:
    """Customer records, sorted by id. As in real shops, a guest has a new record for every order."""

    customer_id: Integers
    person: Integers
    second: Flags
    order: Integers
    """Index of the order of a guest's record; -1 for accounts."""
    marketplace: Flags
    """Whether it is the record of the marketplace's address, whose `person` has no meaning."""

    @property
    def size(self) -> int:
        """Number of records."""
        return len(self.customer_id)

    def orders(self, people: Population, bought: Purchases, second_email: Flags) -> Integers:
        """Return the index of each order's record; -1 without a record."""
        kind = people.kind[bought.person]
        ids = _ACCOUNTS + 2 * bought.person.astype(np.int64) + (second_email & (kind == Kind.TWO_EMAILS))
        guest = np.isin(kind, (Kind.GUEST, Kind.PHONE_GUEST))
        ids = np.where(guest, _CHECKOUTS + np.arange(bought.size), ids)
        ids = np.where(kind == Kind.MARKETPLACE, _MARKETPLACE_ID, ids)
        return np.where(kind == Kind.NAMELESS, -1, np.searchsorted(self.customer_id, ids))


def records(people: Population, bought: Purchases) -> Records:
    """Return all customer records of the shop."""
    everyone = np.arange(people.size)
    accounts = everyone[np.isin(people.kind, (Kind.ACCOUNT, Kind.TWO_EMAILS))]
    doubles = everyone[people.kind == Kind.TWO_EMAILS]
    checkouts = np.flatnonzero(np.isin(people.kind[bought.person], (Kind.GUEST, Kind.PHONE_GUEST)))
    shared = np.flatnonzero(people.kind == Kind.MARKETPLACE)[:1]
    ids = np.concatenate(
        [_MARKETPLACE_ID + 0 * shared, _ACCOUNTS + 2 * accounts, _ACCOUNTS + 2 * doubles + 1, _CHECKOUTS + checkouts]
    )
    sort = np.argsort(ids)
    ids = ids[sort]
    return Records(
        customer_id=ids,
        person=np.concatenate([shared, accounts, doubles, bought.person[checkouts]])[sort].astype(np.int64),
        second=((ids - _ACCOUNTS) % 2 == 1) & (ids > _MARKETPLACE_ID) & (ids < _CHECKOUTS),
        order=np.where(ids >= _CHECKOUTS, ids - _CHECKOUTS, -1),
        marketplace=ids == _MARKETPLACE_ID,
    )
