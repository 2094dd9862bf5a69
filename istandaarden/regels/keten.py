"""What the rules across berichten (level 3) must know: the port `Keten`, and the facts it answers with.

A keten knows the berichten that count: sent, and not rejected by their receiver. A bericht that its receiver rejected
is as if never sent (iStandaarden OP286), so no fact comes from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol

from istandaarden.gemeenten import latest
from istandaarden.model import Berichtsoort
from istandaarden.regels.bericht import Bericht, Klasse

if TYPE_CHECKING:
    from istandaarden.regels.toekenning import Afsluiting, Toekenning  # which are of an Inzending

DEBET, CREDIT = "D", "C"
UUR, MINUUT = "04", "01"
TIJDELIJK = "20"
"""RedenBeeindiging of a levering that will go on."""

_GEMEENTE = "Gemeente"
_VERWIJDERD, _CORRECTIE_OUD = "13", "01"
_AFGEWEZEN = "1"


class Relatie(NamedTuple):
    """Between whom, and under which law: `standaard` is ``iwmo`` or ``ijw``, the others are codes of the Header."""

    standaard: str
    gemeente: str
    aanbieder: str


@dataclass(slots=True)
class Inzending:
    """One bericht of the keten.

    `nummer` is as in `number_of`, and `gemeente` as in its Header, whatever it went on in. `geldt` is false once its
    receiver rejected it, and `beantwoord` is true once its retour came, whatever it said.
    """

    relatie: Relatie
    nummer: str
    identificatie: str
    dagtekening: date
    geldt: bool = True
    beantwoord: bool = False
    gemeente: str = ""


class Product(NamedTuple):
    """What is delivered: specific with a code, a-specific without one, generic without a categorie."""

    categorie: str | None
    code: str | None

    def equals(self, ander: Product) -> bool:
        """Tell whether two products stack (OP259): what one of them leaves open, it shares with every other."""
        if self.categorie is None or ander.categorie is None:
            return True
        if self.code is None or ander.code is None:
            return self.categorie == ander.categorie
        return self == ander


@dataclass(frozen=True, slots=True)
class Omvang:
    """How much was assigned: `volume` of an `eenheid` (WJ756) per `frequentie` (WMO757); euros are counted in cents."""

    volume: int
    eenheid: str
    frequentie: str


@dataclass(frozen=True, slots=True)
class Toewijzing:
    """One version of a ToegewezenProduct; that with the latest `moment` (date and time, as text) counts (IV013)."""

    inzending: Inzending
    nummer: str
    bsn: str
    product: Product
    moment: tuple[str, str]
    ingang: date
    einde: date | None
    reden: str | None
    referentie: str | None
    omvang: Omvang | None
    budget: int | None

    @property
    def verwijderd(self) -> bool:
        """Whether it is to be seen as never sent (CS335, OP087)."""
        return self.reden == _VERWIJDERD or (self.reden == _CORRECTIE_OUD and self.einde == self.ingang)

    def is_current(self, dag: date) -> bool:
        """Tell whether it is valid on a day or later (TR349)."""
        return not self.verwijderd and (self.einde is None or self.einde >= dag)


class Levering(NamedTuple):
    """Logical key of a start; a stop repeats it. Without `toewijzing` the work is taakgericht (IV096)."""

    toewijzing: str | None
    product: Product
    begin: date

    @property
    def waarvoor(self) -> str | Product:
        """What there may be one running start for (OP289)."""
        return self.toewijzing or self.product


class Stop(NamedTuple):
    """Logical key of a stop."""

    levering: Levering
    reden: str
    einde: date

    @property
    def tijdelijk(self) -> bool:
        """Whether the levering will go on."""
        return self.reden == TIJDELIJK


@dataclass(slots=True)
class Verzoek:
    """A request: one requested product of a 315, or a whole 317.

    `toewijzingen` are the numbers that a 317 names. `antwoorden` are those of the 319s so far (WJ760), in order, and
    `toegewezen` says that a 301 honoured it.
    """

    inzending: Inzending
    referentie: str
    bsn: str
    toewijzingen: frozenset[str]
    antwoorden: Sequence[str] = ()
    toegewezen: bool = False

    @property
    def open(self) -> bool:
        """Whether it was neither refused nor honoured."""
        return not self.toegewezen and _AFGEWEZEN not in self.antwoorden


class Stand(StrEnum):
    """What became of a prestatie."""

    INGEDIEND = "ingediend"
    TOEGEKEND = "toegekend"
    AFGEWEZEN = "afgewezen"


@dataclass(slots=True)
class Prestatie:
    """One line of a declaratie, debet or credit. Amounts are in cents, `volume` is in `eenheid` (in euros: cents)."""

    inzending: Inzending | None
    referentie: str
    vorige: str | None
    bsn: str
    toewijzing: str
    product: Product
    begin: date
    einde: date
    volume: int
    eenheid: str
    tarief: int | None
    bedrag: int
    debetcredit: str
    stand: Stand = Stand.INGEDIEND

    @property
    def debet(self) -> bool:
        """Whether it asks for money; a credit gives it back."""
        return self.debetcredit == DEBET

    @property
    def telt(self) -> bool:
        """Whether it was neither rejected itself, nor with its bericht."""
        return self.stand is not Stand.AFGEWEZEN and (self.inzending is None or self.inzending.geldt)

    def takes_back(self, debet: Prestatie) -> bool:
        """Tell whether this credit equals a debet in all that IV091 keeps the same."""
        return self.vorige == debet.referentie and self.inhoud == debet.inhoud

    @property
    def inhoud(self) -> tuple[object, ...]:
        """All that a credit copies from its debet (IV091)."""
        deel = (self.bsn, self.toewijzing, self.product, self.begin, self.einde)
        return (*deel, self.volume, self.eenheid, self.tarief, self.bedrag)


@dataclass(slots=True)
class Declaratie:
    """A 323. `xsd` is its XsdVersie, basisschema first; `beantwoord` says that a 325 settled it."""

    inzending: Inzending
    nummer: str
    begin: date
    einde: date
    xsd: tuple[str | None, str | None]
    prestaties: Sequence[Prestatie]
    beantwoord: bool = False


class Keten(Protocol):
    """Answers what is known of earlier berichten; only those count that were not rejected."""

    def is_used(self, standaard: str, afzender: str, nummer: str, identificatie: str) -> bool:
        """Tell whether a sender used this identificatie before for berichtsoort `nummer`, whoever received it."""

    def toekenningen(self, verstrekker: str, bsn: str) -> Sequence[Toekenning]:
        """Give the pgb's that a verstrekker granted a client, in the order of coming, replaced ones included."""

    def afsluitingen(self, verstrekker: str, bsn: str) -> Sequence[Afsluiting]:
        """Give the 507s that a verstrekker got about a client."""

    def knows_client(self, relatie: Relatie, bsn: str) -> bool:
        """Tell whether any bericht about this client travelled between these two."""

    def versions(self, standaard: str, gemeente: str, nummer: str) -> Sequence[Toewijzing]:
        """Give all versions of a toewijzing, the one that counts last; empty when the number is unknown."""

    def toewijzingen(self, relatie: Relatie, bsn: str) -> Sequence[Toewijzing]:
        """Give the version that counts of each toewijzing of a client at an aanbieder, deleted ones included."""

    def starts(self, relatie: Relatie, bsn: str) -> Sequence[Levering]:
        """Give the starts of a client that were not removed."""

    def stops(self, relatie: Relatie, bsn: str) -> Sequence[Stop]:
        """Give the stops of a client that were not removed."""

    def verzoek(self, standaard: str, aanbieder: str, referentie: str) -> Verzoek | None:
        """Give the request with this ReferentieAanbieder."""

    def verzoeken(self, relatie: Relatie, bsn: str) -> Sequence[Verzoek]:
        """Give the requests for a client."""

    def declaratie(self, relatie: Relatie, identificatie: str, dagtekening: date | None) -> Declaratie | None:
        """Give the 323 with this BerichtIdentificatie."""

    def declaraties(self, relatie: Relatie) -> Sequence[Declaratie]:
        """Give every 323 between these two, under the code of this very gemeente (`relatie_in`)."""

    def declaratienummer(self, standaard: str, aanbieder: str, nummer: str) -> Declaratie | None:
        """Give the declaratie with this DeclaratieNummer."""

    def prestatie(self, standaard: str, aanbieder: str, referentie: str) -> Prestatie | None:
        """Give the prestatie with this ReferentieNummer, rejected by a 325 or not."""

    def prestaties(self, relatie: Relatie, toewijzing: str) -> Sequence[Prestatie]:
        """Give the prestaties on a toewijzing that count."""

    def credit(self, standaard: str, aanbieder: str, referentie: str) -> Prestatie | None:
        """Give the credit that counts of the debet with this ReferentieNummer."""


def relatie_of(bericht: Bericht) -> Relatie:
    """Say between which gemeente and aanbieder a bericht travels, whichever way, as both are called now.

    A gemeente that went on in another as a whole is that other one: its toewijzingen, numbers included, are of its
    successor now (facts on gemeenten §7.1). One that was split stays what it was: its code does not say who has them.
    """
    relatie = relatie_in(bericht)
    return relatie._replace(gemeente=latest(relatie.gemeente))


def relatie_in(bericht: Bericht) -> Relatie:
    """Read from the Header between which gemeente and aanbieder a bericht travels, whichever way."""
    afzender, ontvanger = bericht.header("Afzender") or "", bericht.header("Ontvanger") or ""
    van_gemeente = bericht.soort.afzender_type == _GEMEENTE
    gemeente, aanbieder = (afzender, ontvanger) if van_gemeente else (ontvanger, afzender)
    return Relatie(bericht.standaard, gemeente, aanbieder)


def number_of(soort: Berichtsoort) -> str:
    """Give by what a bericht is known in its standaard: ``301``, or in iPgb, which is of three laws, ``JW501``."""
    return soort.code if soort.standaard == "ipgb" else soort.code[-3:]


def product_of(klasse: Klasse, pad: str = "Product/") -> Product:
    """Read a product; `pad` is where Categorie and Code stand."""
    return Product(klasse.tekst(f"{pad}Categorie"), klasse.tekst(f"{pad}Code"))


def omvang_of(klasse: Klasse) -> Omvang | None:
    """Read the Omvang of a product, None when it has none."""
    volume, eenheid, frequentie = (klasse.tekst(f"Omvang/{naam}") for naam in ("Volume", "Eenheid", "Frequentie"))
    if volume is None or eenheid is None or frequentie is None:
        return None
    return Omvang(int(volume), eenheid, frequentie)


def nummer_of(klasse: Klasse) -> str | None:
    """Read the ToewijzingNummer; it is a number, so ``007`` is ``7``."""
    nummer = klasse.geheel("ToewijzingNummer")
    return None if nummer is None else str(nummer)


def levering_of(klasse: Klasse) -> Levering:
    """Read the key of a StartProduct or StopProduct."""
    return Levering(nummer_of(klasse), product_of(klasse), klasse.datum("Begindatum") or date.min)


def stop_of(klasse: Klasse) -> Stop:
    """Read the key of a StopProduct."""
    reden, einde = klasse.tekst("RedenBeeindiging") or "", klasse.datum("Einddatum") or date.max
    return Stop(levering_of(klasse), reden, einde)


def prestatie_of(klasse: Klasse, bsn: str, inzending: Inzending | None = None) -> Prestatie:
    """Read a Prestatie of a 323 or a 325."""
    return Prestatie(
        inzending=inzending,
        referentie=klasse.tekst("ProductReferentie/ReferentieNummer") or "",
        vorige=klasse.tekst("ProductReferentie/VorigReferentieNummer"),
        bsn=bsn,
        toewijzing=nummer_of(klasse) or "",
        product=Product(klasse.tekst("ProductCategorie"), klasse.tekst("ProductCode")),
        begin=klasse.datum("ProductPeriode/Begindatum") or date.min,
        einde=klasse.datum("ProductPeriode/Einddatum") or date.max,
        volume=klasse.geheel("GeleverdVolume") or 0,
        eenheid=klasse.tekst("Eenheid") or "",
        tarief=klasse.geheel("ProductTarief"),
        bedrag=klasse.geheel("IngediendBedrag/Bedrag") or 0,
        debetcredit=klasse.tekst("IngediendBedrag/DebetCredit") or DEBET,
    )
