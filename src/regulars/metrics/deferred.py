"""Deferred expressions over a fact's rows, with the syntax of Ibis's own, but without importing Ibis before they are resolved."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, NoReturn


class Deferred:
    """An expression over rows that are known later. Its repr is that of Ibis's own deferred expression.

    Args:
        text: The expression as written in Python.
        resolve: Returns its value for the rows: an Ibis table, or any object whose attributes are columns.
    """

    __slots__ = ("_text", "resolve")

    def __init__(self, text: str, resolve: Callable[[Any], Any]) -> None:
        self._text = text
        self.resolve = resolve

    def __repr__(self) -> str:
        return self._text

    def __getattr__(self, name: str) -> Deferred:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return Deferred(f"{self}.{name}", lambda rows: getattr(self.resolve(rows), name))

    def __getitem__(self, key: str) -> Deferred:
        return Deferred(f"{self}[{key!r}]", lambda rows: self.resolve(rows)[key])

    def __call__(self, *arguments: object, **named: object) -> Deferred:
        listed = ", ".join([*map(repr, arguments), *(f"{name}={value!r}" for name, value in named.items())])

        def resolve(rows: Any) -> Any:
            values = (_resolved(value, rows) for value in arguments)
            return self.resolve(rows)(*values, **{name: _resolved(value, rows) for name, value in named.items()})

        return Deferred(f"{self}({listed})", resolve)

    def __bool__(self) -> NoReturn:
        raise TypeError("A deferred expression has no truth value: write &, | and ~ in place of and, or and not.")

    def __iter__(self) -> NoReturn:
        raise TypeError("A deferred expression cannot be iterated over.")

    def __invert__(self) -> Deferred:
        return Deferred(f"~{self}", lambda rows: ~self.resolve(rows))

    def __neg__(self) -> Deferred:
        return Deferred(f"-{self}", lambda rows: -self.resolve(rows))

    def __add__(self, other: object) -> Deferred:
        return _both("+", operator.add, self, other)

    def __radd__(self, other: object) -> Deferred:
        return _both("+", operator.add, other, self)

    def __sub__(self, other: object) -> Deferred:
        return _both("-", operator.sub, self, other)

    def __rsub__(self, other: object) -> Deferred:
        return _both("-", operator.sub, other, self)

    def __mul__(self, other: object) -> Deferred:
        return _both("*", operator.mul, self, other)

    def __rmul__(self, other: object) -> Deferred:
        return _both("*", operator.mul, other, self)

    def __eq__(self, other: object) -> Deferred:  # type: ignore[override]
        return _both("==", operator.eq, self, other)

    def __ne__(self, other: object) -> Deferred:  # type: ignore[override]
        return _both("!=", operator.ne, self, other)

    __hash__ = None  # type: ignore[assignment]

    def __lt__(self, other: object) -> Deferred:
        return _both("<", operator.lt, self, other)

    def __le__(self, other: object) -> Deferred:
        return _both("<=", operator.le, self, other)

    def __gt__(self, other: object) -> Deferred:
        return _both(">", operator.gt, self, other)

    def __ge__(self, other: object) -> Deferred:
        return _both(">=", operator.ge, self, other)

    def __and__(self, other: object) -> Deferred:
        return _both("&", operator.and_, self, other)

    def __or__(self, other: object) -> Deferred:
        return _both("|", operator.or_, self, other)


def _resolved(value: object, rows: Any) -> Any:
    return value.resolve(rows) if isinstance(value, Deferred) else value


def _both(symbol: str, function: Callable[[Any, Any], Any], left: object, right: object) -> Deferred:
    return Deferred(
        f"({left!r} {symbol} {right!r})", lambda rows: function(_resolved(left, rows), _resolved(right, rows))
    )


_ = Deferred("_", lambda rows: rows)
"""The rows themselves: `_.net_revenue` is their column of this name."""
