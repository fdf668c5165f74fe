"""The demo: a simulated shop, loaded, with its metrics."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from regulars.cli.commands import load, metrics
from regulars.cli.output import say
from regulars.cli.progress import bar
from regulars.cli.shops import naming
from regulars.system.shell import quoted
from regulars.vocabulary.errors import UsageError
from regulars.vocabulary.numbers import count
from regulars.vocabulary.shop import SETTINGS_FILE, Shop

_FOLDER = Path("demo")
_NAME = "Demo"
"""The name in the settings of the demo's shop, which tells it from a shop of the user's own."""
_CUSTOMERS = 20_000
_FILES = ["customers_export.csv", "orders_export.csv", "product_costs.csv"]
_EXAMPLES = (
    "explain returning_customer_rate",
    "metric average_profit_per_customer --grain quarter",
    "drill-down lost_customers --period 2025-11",
    "forecast",
)
"""What is proposed to type next; the option for the shop's folder follows each."""


def demo(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder to write to.")] = _FOLDER,
) -> int:
    """Try Regulars out: simulate a shop of 20,000 customers, load its exports, and show its metrics.

    Run again, it keeps what is there and shows the metrics again. To remove the demo, delete its folder.

    Examples:
      regulars demo
      regulars demo another-folder
    """
    exports, shop = folder / "exports", folder / "shop"
    _require_demo_or_nothing(folder, exports, shop)
    files = _files(exports)
    if not (shop / SETTINGS_FILE).exists():
        _command(f"regulars init {quoted(str(shop))} --name {_NAME} --currency GBP --timezone Europe/London")
        load.init(shop, "GBP", "Europe/London", _NAME, ["*@marketplace.example.com"])
    _command(f"regulars load {quoted(str(exports))} --source shopify{naming(shop)}")
    code = load.load([str(file) for file in files], source="shopify", shop=shop)
    _command(f"regulars metrics{naming(shop)}")
    metrics.metrics(shop=shop)
    say()
    say(
        f"The demo is in {folder.resolve()}: {exports.name} holds its files, {shop.name} the shop they were loaded into."
    )
    say("Next, for example:")
    for command in _EXAMPLES:
        say(f"  regulars {command}{naming(shop)}")
    return code


def _command(line: str) -> None:
    """Show a command that the demo runs, as the user could type it."""
    say()
    say(f"$ {line}")


def _files(folder: Path) -> list[Path]:
    """The files of the demo's shop; written where not all are there."""
    from regulars.simulate import ShopShape, simulate, simulated_files, write_shopify

    files = simulated_files(folder)
    if [file.name for file in files] == _FILES:
        say(f"Kept {folder}")
        return files
    say(f"Simulating a shop of {count(_CUSTOMERS)} customers …")
    with bar() as progress:
        progress.start("customers", 0)
        shop = simulate(ShopShape(customers=_CUSTOMERS), progress=progress.reach)
        progress.start("orders", 0)
        files = write_shopify(shop, folder, progress.reach, costs=True)
    for file in files:
        say(f"Wrote {file}")
    return files


def _require_demo_or_nothing(folder: Path, exports: Path, shop: Path) -> None:
    """Raises UsageError where the folder holds anything but a demo, whole or begun."""
    from regulars.simulate import holds_simulated_shop

    hint = "Name another folder: regulars demo another-folder"
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file, not a folder.", hint)
    if (shop / SETTINGS_FILE).exists() and Shop.open(shop).settings.name != _NAME:
        raise UsageError(f"{shop} is a shop of your own, and not a demo.", hint)
    if holds_simulated_shop(exports):
        return
    others = [*_visible(folder), *_visible(exports)]
    names = ", ".join(path.name for path in others[:3] if path != exports or len(others) == 1)
    if others and others != [exports]:
        raise UsageError(f"{folder} holds other files, such as {names}.", hint)


def _visible(folder: Path) -> list[Path]:
    """What the folder holds, without hidden files; nothing where there is no folder."""
    return sorted(path for path in folder.glob("*") if not path.name.startswith(".") and path.name != "desktop.ini")
