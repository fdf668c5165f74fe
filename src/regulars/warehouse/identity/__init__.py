"""Identity resolution: records that share a customer id, an email address or a phone number are one person.

identities.py           identities in one normalized form: ids, addresses and numbers, computed in SQL
records.py              the identities of each record, and the links between identities
components.py           connected components by label propagation
persons.py              the persons: connected components of identities, in a full refresh
profiles.py             name and address of each person, from the customers' rows
incremental_persons.py  persons derived incrementally, from the rows that a write changed
corrections.py          corrections by the user: join, split, and the list of merged persons
"""

from regulars.warehouse.identity.corrections import (
    Correction,
    Link,
    Merge,
    corrections,
    count_merges,
    join,
    merges,
    resolve,
    split,
)
from regulars.warehouse.identity.identities import define_identities, display_identity
from regulars.warehouse.identity.incremental_persons import update_persons
from regulars.warehouse.identity.persons import derive_persons, with_person

__all__ = [
    "Correction",
    "Link",
    "Merge",
    "corrections",
    "count_merges",
    "define_identities",
    "derive_persons",
    "display_identity",
    "join",
    "merges",
    "resolve",
    "split",
    "update_persons",
    "with_person",
]
