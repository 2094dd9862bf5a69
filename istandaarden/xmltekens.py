"""Which characters a document may hold."""

from __future__ import annotations

import re
from typing import Final

GEEN_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""A character that XML 1.0 (§2.2) does not allow, not even escaped."""
