"""The burgerservicenummer: nine digits that pass the elfproef (Wabb; facts on the lookups §7.2)."""

from __future__ import annotations

import re

from istandaarden.regels.niveau2_client import passes_elfproef

GEEN_BSN = "moet een BSN zijn: negen cijfers die de elfproef doorstaan"
"""What is wrong with a text that is no BSN; the text itself is never repeated."""


def is_bsn(tekst: str) -> bool:
    """Say whether a text is a BSN; one with a leading zero is written in full."""
    return re.fullmatch("[0-9]{9}", tekst) is not None and int(tekst) != 0 and passes_elfproef(tekst)
