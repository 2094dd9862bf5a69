"""Numbers for berichten and receipts: a UUID as text, which no other node gives out."""

from __future__ import annotations

import os
from typing import Final

_VAST: Final = 0xF000 << 64 | 0xC000 << 48
_VERSIE_EN_VARIANT: Final = 0x4000 << 64 | 0x8000 << 48


def new_uuid() -> str:
    """Return what ``str(uuid.uuid4())`` would at little more than half its price; every bericht takes two."""
    getal = int.from_bytes(os.urandom(16)) & ~_VAST | _VERSIE_EN_VARIANT
    cijfers = f"{getal:032x}"
    return f"{cijfers[:8]}-{cijfers[8:12]}-{cijfers[12:16]}-{cijfers[16:20]}-{cijfers[20:]}"
