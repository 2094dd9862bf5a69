"""The bericht as every channel hands it in and takes it out: stuurgegevens, parameters and payload.

Names and limits follow the StUF-GGk 2.1 envelope (patch 04), because that is the richest of the channels;
the VSP shaped REST interface maps onto it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from istandaarden.bevinding import Bevinding
from routing.payload import Payload


class Berichtcode(StrEnum):
    """Kind of envelope: question, answer, or asynchronous fault."""

    DI01 = "Di01"
    DU01 = "Du01"
    FO01 = "Fo01"


class Bestandsvorm(StrEnum):
    """What the payload claims to be: XML (no file name) or any other file (with a file name)."""

    XML = "xmlBestand"
    TEKST = "tekstBestand"


@dataclass(frozen=True, slots=True)
class Systeem:
    """Zender or ontvanger in the stuurgegevens.

    `organisatie` is a CBS gemeentecode (4 digits), an AGB code (8 digits) or a fixed name such as ``SVB``.
    Only `organisatie` takes part in routing.
    """

    organisatie: str
    applicatie: str = ""
    administratie: str | None = None
    gebruiker: str | None = None


@dataclass(frozen=True, slots=True)
class Stuurgegevens:
    """Routing block of an envelope.

    `tijdstip` is the StUF notation ``YYYYMMDD[HH[MM[SS[mmm]]]]``, Europe/Amsterdam; `cross_ref` is the
    referentienummer of the bericht that is answered (Du01, Fo01); `functie` is absent in a Fo01.
    """

    berichtcode: Berichtcode
    zender: Systeem
    ontvanger: Systeem
    referentienummer: str
    tijdstip: str
    cross_ref: str | None = None
    functie: str | None = None


@dataclass(frozen=True, slots=True)
class Parameters:
    """Versions (four digits each) and the form of the payload; a Fo01 has none."""

    applicatie_versie: str
    applicatie_subversie: str
    functie_versie: str
    functie_subversie: str
    vorm: Bestandsvorm = Bestandsvorm.XML
    bestandsnaam: str | None = None


@dataclass(frozen=True, slots=True)
class Foutinhoud:
    """Body of a Fo01 or Fo03: `plek` is ``client`` or ``server``; lengths as in the StUF schema (7, 200, 1000)."""

    code: str
    plek: str
    omschrijving: str
    details: str | None = None


@dataclass(frozen=True, slots=True)
class Envelop:
    """Everything of a bericht except its payload.

    `fout` is filled for a Fo01 only; the payload of a Fo01 is its serialised ``StUF:body`` element, so that
    detailsXML, which may hold personal data, is stored encrypted like any other payload.
    `kanaalgegevens` keeps what one channel needs back later (VSP: referentieId, verwerkingscontext).
    """

    stuurgegevens: Stuurgegevens
    parameters: Parameters | None = None
    fout: Foutinhoud | None = None
    kanaalgegevens: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Identiteit:
    """Who is at the other end of the connection, as the TLS layer proved it.

    `oin` is ``subject.serialNumber`` of the client certificate, `vingerafdruk` the SHA-256 of the DER in hex,
    `naam` the common name (for logs and explanations only, never for a decision).
    """

    oin: str | None
    vingerafdruk: str
    naam: str = ""


@dataclass(frozen=True, slots=True)
class Aanlevering:
    """What a channel hands to the intake: envelope, payload, and the proven identity of the indiener.

    `bevindingen` holds what is wrong with the envelope itself while its stuurgegevens are still usable: the
    intake then stores the bericht and answers with a Fo01 instead of refusing it at the door.
    """

    envelop: Envelop
    payload: Payload
    identiteit: Identiteit
    kanaal: str
    bevindingen: tuple[Bevinding, ...] = ()
