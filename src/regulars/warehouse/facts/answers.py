"""The fact `answers`: survey answers on the day they were given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.warehouse.fact_table import FactTable, Read, Sources, bucket_of
from regulars.warehouse.facts.days import with_local_days
from regulars.warehouse.lazy_imports import ibis
from regulars.warehouse.tables import BY_NAME

if TYPE_CHECKING:
    import ibis.expr.types as ir

_PROMOTERS = ((0, 10, 9, 6), (1, 10, 9, 6), (1, 5, 5, 3))
"""Scales of the net promoter score: lowest and highest score, lowest score of a promoter, highest of a detractor."""


def _build(sources: Sources) -> ir.Table:
    """Return the rows. Without a person of its own, an answer belongs to the person of its invitation."""
    rows = with_local_days(sources.table("answers_of_persons"), ANSWERS.days, sources).rename(own_person="person")
    invitations = sources.table("invitations_of_persons")
    invitations = invitations.select(
        i_source=invitations.source, i_invitation=invitations.invitation_id, asked_person=invitations.person
    )
    rows = rows.left_join(
        invitations, [rows.source == invitations.i_source, rows.invitation_id == invitations.i_invitation]
    )
    person = ibis.coalesce(rows.own_person, rows.asked_person)
    return rows.select(
        "source", "answer_id", "day", "survey", "kind", "stage", "aspect",
        person=person, bucket=bucket_of(person, ibis.coalesce(rows.invitation_id, rows.answer_id)), at=rows.answered_at,
        scale=rows.scale_low.cast("string") + "-" + rows.scale_high.cast("string"), promoter_points=_promoter_points(rows),
    )  # fmt: skip


def _promoter_points(rows: ir.Table) -> ir.IntegerValue:
    """Return 100 for a promoter, −100 for a detractor, else 0; null for other kinds, without a score, and on other
    scales.
    """
    score = (rows.high_is == "good").ifelse(rows.score, rows.scale_low + rows.scale_high - rows.score)
    is_nps = (rows.kind == "nps") & rows.score.notnull()
    cases: list[tuple[ir.BooleanValue, int]] = []
    for low, high, promoter, detractor in _PROMOTERS:
        scale = is_nps & (rows.scale_low == low) & (rows.scale_high == high)
        cases += [(scale & (score >= promoter), 100), (scale & (score <= detractor), -100), (scale, 0)]
    return ibis.cases(*cases, else_=None).cast("int64")


ANSWERS = FactTable(
    name="answers",
    about="one row per answer to a survey, on the day it was given",
    table=BY_NAME["answers"],
    build=_build,
    days={"answered_at": "day"},
    sequence=("at",),
    splits=("survey", "stage", "aspect", "scale", "source"),
    filters=("kind",),
    reads=(Read("invitations", ("source", "invitation_id")),),
)
