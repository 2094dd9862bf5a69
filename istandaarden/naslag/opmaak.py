"""Markdown as the pages need it: tables, links and the anchors that a heading gets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

_NIET_IN_ANKER = re.compile(r"[^\w\- ]")
_OPMAAK = str.maketrans({"|": r"\|", "*": r"\*", "<": r"\<", "_": r"\_", "\n": " ", "\r": " "})


def text(tekst: str) -> str:
    """Write text so that nothing in it is taken for markup."""
    return tekst.translate(_OPMAAK)


def code(tekst: str) -> str:
    """Write text as code inside a table."""
    streep = "``" if "`" in tekst else "`"
    return f"{streep}{tekst.replace('|', chr(92) + '|')}{streep}"


def anchor(kop: str) -> str:
    """Give the anchor of a heading, as GitHub and GitLab make it."""
    return _NIET_IN_ANKER.sub("", kop.lower()).replace(" ", "-")


def table(koppen: Sequence[str], rijen: Iterable[Sequence[str]]) -> Iterator[str]:
    """Write a table, and an empty line; nothing at all when there is no row.

    Args:
        koppen: one heading per column.
        rijen: cells in Markdown; a column that is empty in every row is left out.
    """
    alle = list(rijen)
    gevuld = [plek for plek in range(len(koppen)) if any(rij[plek] for rij in alle)]
    if not gevuld:
        return
    yield f"| {' | '.join(koppen[plek] for plek in gevuld)} |"
    yield f"|{'---|' * len(gevuld)}"
    yield from (f"| {' | '.join(rij[plek] for plek in gevuld)} |" for rij in alle)
    yield ""
