"""How the adapter finds a simulated Wlz-register."""

from __future__ import annotations

from adapters.iwlz.register import Instellingen
from adapters.iwlz.token import Inloggegevens
from knooppunt.simulatie.ciz import SCOPE, TOKEN, VERSIE1, VERSIE2


def settings(url: str, **anders: float) -> Instellingen:
    """Settings for a register at this address; `anders` are time-outs."""
    return Instellingen(url + VERSIE1, url + VERSIE2, Inloggegevens(url + TOKEN, "knooppunt", SCOPE), **anders)
