"""CSV for people who open it in a spreadsheet: no cell may be taken for a formula."""

from __future__ import annotations

from typing import Final

_FORMULE: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def guard(cel: str) -> str:
    """Give a cell as it may stand in a CSV file: what a spreadsheet would calculate becomes text (OWASP)."""
    return f"'{cel}" if cel.lstrip(" ").startswith(_FORMULE) else cel
