"""The fact `visits`: visits to the site, on the day they began."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.warehouse.fact_table import PERSON, FactTable, Read, Sources, bucket_of
from regulars.warehouse.facts.days import with_local_days
from regulars.warehouse.lazy_imports import ibis
from regulars.warehouse.portable import first_rows
from regulars.warehouse.tables import BY_NAME

if TYPE_CHECKING:
    import ibis.expr.types as ir

VISITOR = "visitor"


def _build(sources: Sources) -> ir.Table:
    """Return the rows. A visitor belongs to one source and has the latest known person of its visits; without
    visitor_id, each visit is a visitor of its own.
    """
    rows = with_local_days(sources.table("visits_of_persons"), VISITS.days, sources).rename(own_person="person")
    # Source names have no slash, and the letter distinguishes the two kinds of ids.
    own_id = ibis.coalesce("r" + rows.visitor_id, "t" + rows.visit_id)
    rows = rows.mutate(visitor=rows.source + "/" + own_id)
    known_persons = rows.filter(rows.own_person.notnull()).select("visitor", "own_person", "started_at", "visit_id")
    latest = first_rows(known_persons, (VISITOR,), [known_persons.started_at.desc(), known_persons.visit_id.desc()])
    latest = latest.select(of_visitor=latest.visitor, person=latest.own_person)
    rows = rows.left_join(latest, rows.visitor == latest.of_visitor)
    return rows.select(
        "source", "visit_id", VISITOR, PERSON, "day", "channel", "device", "country",
        bucket=bucket_of(rows.person, rows.visitor), at=rows.started_at,
    )  # fmt: skip


VISITS = FactTable(
    name="visits",
    about="one row per visit to the site, on the day it began",
    table=BY_NAME["visits"],
    build=_build,
    days={"started_at": "day"},
    entities=(PERSON, VISITOR),
    sequence=("at",),
    splits=("channel", "device", "country", "source"),
    reads=(Read("visits", ("source", "visitor_id")),),
)
