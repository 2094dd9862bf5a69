"""A register that a test fills, and the daily round over it with real stores."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

from istandaarden.voorbeeldwaarden import bsns
from knooppunt.api.wlz import Wlz
from knooppunt.wlz.toetsing import Toetsing
from routing.incident import Incidentboek
from routing.kluis import Kluis
from routing.onderhoud import Onderhoud, Taak
from routing.opslag import Opslag
from routing.opvraging import Opvragingen
from routing.partij import Machtiging, Richting
from routing.register import Register, RegisterBron
from routing.verwerkingen import Betrokkenen
from routing.wlz.clientenlijst import Bewerking, Clientenlijst, Opgave, Verschil
from routing.wlz.indicatie import Indicatie
from routing.wlz.oordeel import WMO_MOGELIJK
from routing.wlz.register import Bevraging, RegisterFout, Registerregel
from routing.wlz.registerkopie import Registerkopie
from routing.wlz.signalering import Signaal, Signalering, read_signals
from routing.wlz.vergelijking import Melding, Vergelijking
from routing.wlz.volgen import Volgen

GEMEENTE, BUUR = "0344", "0518"
BSNS = bsns()
DAG_MS = 86_400_000
_ZORGKANTOREN = ("5501", "5509")


def register_with(*gemeenten: str) -> Register:
    """A register in which these gemeenten may get signals."""
    return Register.of((), (), [Machtiging(g, Richting.BEVRAGEN, "wlz-signalen:wmo") for g in gemeenten])


def indicatie(nummer: int, van: date | None = None, tot: date | None = None, verval: date | None = None) -> Indicatie:
    """An indication that began long ago, unless a day is given."""
    return Indicatie(UUID(int=nummer), date(2025, 1, 1), van or date(2025, 2, 1), tot, verval)


class Bron:
    """The register of the CIZ: per BSN its indications; `kapot` is a zorgkantoor that cannot be read."""

    def __init__(self) -> None:
        self.inhoud: dict[str, list[Indicatie]] = {}
        self.kapot: tuple[str, RegisterFout] | None = None
        self.gelezen = 0

    async def lines_of(self, zorgkantoor: str) -> Sequence[Registerregel]:
        self.gelezen += 1
        if self.kapot is not None and self.kapot[0] == zorgkantoor:
            raise self.kapot[1]
        welke = _ZORGKANTOREN.index(zorgkantoor)
        return [
            Registerregel(bsn, indicatie)
            for bsn, lijst in self.inhoud.items()
            if int(bsn) % 2 == welke
            for indicatie in lijst
        ]


class Dagronde:
    """Everything the daily round needs, on one database."""

    def __init__(self, opslag: Opslag, kluis: Kluis, webhooks: frozenset[str] = frozenset({GEMEENTE})) -> None:
        self.opslag, self.bron, self.register = opslag, Bron(), register_with(GEMEENTE, BUUR)
        self.webhooks = webhooks
        self.renew(kluis)

    def renew(self, kluis: Kluis) -> None:
        """Go on with another folder of keys, as after a restart."""
        self.lijst = Clientenlijst(kluis)
        kopie = Registerkopie(kluis)
        melding = Melding("urn:nld:oin:00000001999999990000:systeem:knooppunt", self.webhooks)
        self.signalering = Signalering(
            self.opslag,
            kopie,
            self.bron,
            Vergelijking(kopie, self.lijst, Betrokkenen(kluis), melding),
            lambda: self.register,
            zorgkantoren=_ZORGKANTOREN,
            elke_ms=DAG_MS,
            bewaar_ms=42 * DAG_MS,
            boek=Incidentboek(),
        )

    async def run(self) -> None:
        """Take one turn, under a real lease."""
        assert await Onderhoud(self.opslag, []).run(Taak("wlz-signalen", 0.0, self.signalering.turn))

    async def change(self, bewerking: Bewerking, opgaven: Sequence[Opgave], gemeente: str = GEMEENTE) -> Verschil:
        """Change a list."""
        return await self.opslag.write(self.lijst.change, gemeente, bewerking, opgaven)

    async def follow(self, *nummers: int, gemeente: str = GEMEENTE) -> None:
        """Add clients by their place in `BSNS`, with reference ``Z-<nummer>``."""
        opgaven = [Opgave(f"Z-{nummer}", BSNS[nummer]) for nummer in nummers]
        await self.change(Bewerking.TOEVOEGEN, opgaven, gemeente)

    async def signals(self, gemeente: str = GEMEENTE, na: int = 0) -> list[Signaal]:
        """Read what a gemeente was told."""
        return await self.opslag.read(read_signals, self.lijst, [gemeente], na, 10_000)


def make_wlz(
    opslag: Opslag,
    kluis: Kluis,
    register_bron: RegisterBron,
    opvragingen: Opvragingen,
    register: Bevraging | None = None,
) -> Wlz:
    """Make the operations of the API, with a register behind them or none."""
    volgen = Volgen(opslag, Clientenlijst(kluis), Betrokkenen(kluis), register_bron)
    return Wlz(opvragingen, Toetsing(register, WMO_MOGELIJK), volgen)


def tell(signalen: Sequence[Signaal]) -> list[tuple[str, str]]:
    """Give kind and reference of signals."""
    return [(signaal.soort, signaal.referentie) for signaal in signalen]


def today(dagen: int = 0) -> date:
    """Give the day so many days from now."""
    return date.today() + timedelta(days=dagen)  # noqa: DTZ011 - days of the register, relative to each other
