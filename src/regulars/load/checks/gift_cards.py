"""Products that may be gift cards: money for them is no revenue."""

from __future__ import annotations

from regulars.load.parse import quoted
from regulars.load.validate import Validation
from regulars.vocabulary.shop import Settings

_MOST_NAMED = 3


def perhaps_gift_cards(found: Validation, settings: Settings) -> list[str]:
    """A warning for each file with products that are neither shipped nor taxed and not named in the setting `gift_cards`.

    The setting as an empty list says that the shop sells none.
    """
    if settings.gift_cards == ():
        return []
    known = [f"contains(name, {quoted(spelling)})" for spelling in settings.gift_card_spellings]
    warnings = []
    for stage in found.stages:
        if not stage.source.perhaps_gift_card:
            continue
        rows = found.workspace.con.execute(
            f"SELECT name, count(*) FROM (SELECT {stage.source.perhaps_gift_card} AS name FROM {found.lines(stage)})"
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
