"""Writing envelopes as the software of a partij does (GGk envelope specification 2.1.04 §3.1 and §3.2)."""

from __future__ import annotations

import uuid

from routing import tijdstip
from routing.bericht import Berichtcode, Bestandsvorm, Envelop, Parameters, Stuurgegevens, Systeem

APPLICATIE = "Proefapplicatie"
"""Name that simulated partijen give as their application."""


def compose_envelop(
    *,
    van: str,
    naar: str,
    functie: str,
    antwoord_op: str | None = None,
    release: str = "3.2",
    bestandsnaam: str | None = None,
) -> Envelop:
    """Return a fresh envelope: Du01 when it answers a bericht, else Di01.

    Args:
        van: code of the zender (gemeentecode, AGB code or fixed name).
        naar: code of the ontvanger.
        functie: berichtsoort, for example ``WMO301``.
        antwoord_op: referentienummer of the bericht that is answered.
        release: version of the standard, for functieVersie and functieSubversie.
        bestandsnaam: name of a payload that is not XML (``tekstBestand``); None for XML.
    """
    versie, _, subversie = release.partition(".")
    return Envelop(
        stuurgegevens=Stuurgegevens(
            berichtcode=Berichtcode.DI01 if antwoord_op is None else Berichtcode.DU01,
            zender=Systeem(organisatie=van, applicatie=APPLICATIE),
            ontvanger=Systeem(organisatie=naar, applicatie="GGk"),
            referentienummer=str(uuid.uuid4()),
            tijdstip=tijdstip.now(),
            cross_ref=antwoord_op,
            functie=functie,
        ),
        parameters=Parameters(
            applicatie_versie="0001",
            applicatie_subversie="0000",
            functie_versie=f"{int(versie):04d}",
            functie_subversie=f"{int(subversie or 0):04d}",
            vorm=Bestandsvorm.XML if bestandsnaam is None else Bestandsvorm.TEKST,
            bestandsnaam=bestandsnaam,
        ),
    )
