"""Where an unexpected fault arose, for a log that may not hold what the fault says."""

from __future__ import annotations

import traceback


def place(fout: BaseException) -> dict[str, str]:
    """Say what went wrong and where, without its text: that may hold a value from a bericht."""
    laatste = traceback.extract_tb(fout.__traceback__)[-1:]
    return {"fout": type(fout).__name__, "plaats": f"{laatste[0].filename}:{laatste[0].lineno}" if laatste else ""}
