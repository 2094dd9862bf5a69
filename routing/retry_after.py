"""The Retry-After of an answer, whichever protocol it came over."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def read_retry_after(waarde: str | None) -> float | None:
    """Return the seconds that a Retry-After header asks for, as a number or as a date (RFC 9110 §10.2.3)."""
    if waarde is None:
        return None
    waarde = waarde.strip()
    if waarde.isascii() and waarde.isdigit() and len(waarde) <= 9:
        return float(waarde)
    try:
        moment = parsedate_to_datetime(waarde)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
