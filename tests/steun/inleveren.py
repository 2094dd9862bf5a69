"""Hands in i-berichten as their senders would: one gemeente, two aanbieders, and the intake of a hub."""

from __future__ import annotations

import uuid

from verhaal import AANBIEDER, GEMEENTE

from istandaarden.herkenning import recognise
from routing import registerimport
from routing.bericht import Aanlevering, Berichtcode, Envelop, Identiteit, Parameters, Stuurgegevens, Systeem
from routing.foutbericht import Foutmelder
from routing.intake import Intake
from routing.kluis import Kluis
from routing.opslag import Opslag
from routing.payload import Payload
from routing.poorten import Ontvangst
from routing.register import RegisterBron
from routing.toetsing import Toetser
from routing.vastlegging import Termijnen

ANDER = "90000002"
CERT = {code: Identiteit(code.rjust(20, "0"), code[-2:] * 32) for code in (GEMEENTE, AANBIEDER, ANDER)}
GEHEIM_ADRES = "https://geheim-adres.test"
_DAG = 86_400_000


def register_toml(antwoordt: str = "") -> str:
    """The register; the hub answers for the partij that is named."""
    return "\n".join(
        f"""
[[partij]]
code = "{code}"
naam = "Partij {code}"
url = "{GEHEIM_ADRES}/{code}"
identiteiten = ["oin:{cert.oin}"]
mag_zenden = ["WMO*", "JW*"]
mag_ontvangen = ["WMO*", "JW*"]
mag_bevragen = ["woonplaats:jeugdwet", "wlz-signalen:wmo"]
antwoordt_hub = {"true" if code == antwoordt else "false"}
"""
        for code, cert in CERT.items()
    )


class Inleveraar:
    """An intake with a register; `ontvangst` is its last answer."""

    def __init__(self, opslag: Opslag, kluis: Kluis) -> None:
        self.opslag = opslag
        self.bron = RegisterBron()
        self.ontvangst: Ontvangst
        self.open(kluis)

    def open(self, kluis: Kluis) -> None:
        """Start again with these keys."""
        self.kluis = kluis
        self.foutmelder = Foutmelder(kluis, self.bron, Termijnen(push=_DAG, pull=_DAG))
        self.intake = Intake(self.opslag, self.foutmelder, Toetser(), lambda _lane: None)

    async def register(self, antwoordt: str = "") -> None:
        await self.opslag.write(registerimport.store, registerimport.parse_toml(register_toml(antwoordt)))
        await self.bron.refresh(self.opslag)

    async def send(
        self,
        data: bytes,
        *,
        over: str | None = None,
        nummer: str | None = None,
        van: str | None = None,
        naar: str | None = None,
    ) -> str:
        """Hand in a bericht; give its referentienummer. `over` is its crossRefnummer; a retour has a strange one."""
        soort = recognise(data)
        zender, ontvanger = (GEMEENTE, AANBIEDER) if soort.van == "gemeente" else (AANBIEDER, GEMEENTE)
        zender, ontvanger = van or zender, naar or ontvanger
        nummer = nummer or str(uuid.uuid4())
        sg = Stuurgegevens(
            berichtcode=Berichtcode.DU01 if soort.is_retour else Berichtcode.DI01,
            zender=Systeem(zender, "App"),
            ontvanger=Systeem(ontvanger, "GGk"),
            referentienummer=nummer,
            tijdstip="20260202100000",
            functie=soort.code,
            cross_ref=over or (str(uuid.uuid4()) if soort.is_retour else None),
        )
        envelop = Envelop(sg, Parameters("0001", "0000", "0003", "0002"))
        self.ontvangst = await self.intake.accept(Aanlevering(envelop, Payload(data), CERT[zender], "stuf"))
        return nummer


def break_schema(data: bytes) -> bytes:
    """Make a 301 that does not satisfy its schema."""
    return data.replace(b"<wmo301:BerichtVersie>3<", b"<wmo301:BerichtVersie>9<", 1)
