"""The certificate of a simulated partij, with the same TLS rules as the hub's own."""

from __future__ import annotations

from pathlib import Path

from knooppunt.configuratie import ConfiguratieFout, Koppelvlak
from knooppunt.tls import client_context

_OPTIES = {"koppelvlak.certificaat": "--cert", "koppelvlak.sleutel": "--key", "koppelvlak.ca": "--ca"}


def credentials(cert: Path, key: Path, ca: Path) -> Koppelvlak:
    """Return settings for `knooppunt.tls` from three PEM files, after trying them.

    Raises:
        ConfiguratieFout: a file is unusable; the text names the command line option.
    """
    instellingen = Koppelvlak.model_validate({"certificaat": cert, "sleutel": key, "ca": ca})
    try:
        client_context(instellingen)
    except ConfiguratieFout as fout:
        meldingen = fout.meldingen
        for naam, optie in _OPTIES.items():
            meldingen = tuple(melding.replace(naam, optie) for melding in meldingen)
        raise ConfiguratieFout(*meldingen) from None
    return instellingen
