"""Secrets that are kept in a file of their own."""

from __future__ import annotations

from pathlib import Path

from knooppunt.configuratie import ConfiguratieFout


def read_secret(sleutel: str, bestand: Path) -> str:
    """Read the secret on the first line of a file.

    Args:
        sleutel: section and key of the configuration that name the file, for faults.
        bestand: the file, ASCII.

    Raises:
        ConfiguratieFout: it cannot be read, or holds no secret.
    """
    try:
        geheim = bestand.read_text("ascii").split("\n", 1)[0].strip()
    except (OSError, UnicodeDecodeError):
        raise ConfiguratieFout(f"{sleutel}: {bestand} is niet te lezen.") from None
    if not geheim or not geheim.isprintable():
        raise ConfiguratieFout(f"{sleutel}: in {bestand} staat geen bruikbaar geheim.")
    return geheim
