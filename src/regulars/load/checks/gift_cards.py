"""Products that may be gift cards, whose sales are not revenue."""

from __future__ import annotations

from regulars.load.parse import quoted
from regulars.load.rows.validation import Validation
from regulars.vocabulary.shop import Settings

_MOST_NAMED = 3


def possible_gift_cards(validation: Validation, settings: Settings) -> list[str]:
    """Return a warning for each file with products that are neither shipped nor taxed and not in the setting `gift_cards`.

    There are no warnings if the setting is an empty list: the shop sells no gift cards.
    """
    if settings.gift_cards == ():
        return []
    known = [f"contains(name, {quoted(spelling)})" for spelling in settings.gift_card_spellings]
    warnings = []
    for stage in validation.stages:
        if not stage.source.possible_gift_card:
            continue
        rows = validation.workspace.con.execute(
            f"SELECT name, count(*) FROM (SELECT {stage.source.possible_gift_card} AS name FROM {validation.lines(stage)})"
            f" WHERE name IS NOT NULL AND NOT ({' OR '.join(known) or 'false'})"
            " GROUP BY name ORDER BY count(*) DESC, name"
        ).fetchall()
        if rows:
            warnings.append(_warning(stage.file.name, [name for name, _ in rows], sum(count for _, count in rows)))
    return warnings


def _warning(file: str, names: list[str], lines: int) -> str:
    named = ", ".join(f'"{name}"' for name in names[:_MOST_NAMED]) + (", …" if len(names) > _MOST_NAMED else "")
    what = "1 line is" if lines == 1 else f"{lines:,} lines are"
    return (
        f"{file}: {what} neither shipped nor taxed and may sell gift cards; they count as products: {named}."
        ' Name gift cards in regulars.toml, gift_cards = ["…"], or write gift_cards = [] if you sell none.'
    )
