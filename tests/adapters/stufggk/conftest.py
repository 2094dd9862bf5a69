"""Envelopes, a recording intake, and the published schema, for the tests of StUF-GGk."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from lxml import etree

from adapters.stufggk.envelop_lezen import EnvelopLezer, Gelezen
from adapters.stufggk.envelop_schrijven import compose
from routing.bericht import (
    Aanlevering,
    Berichtcode,
    Bestandsvorm,
    Envelop,
    Foutinhoud,
    Identiteit,
    Parameters,
    Stuurgegevens,
    Systeem,
)
from routing.payload import Payload
from routing.poorten import Ontvangst, Ontvangstsoort

IDENTITEIT = Identiteit(oin="00000001999999990001", vingerafdruk="ab" * 32, naam="proef")
DI01 = Envelop(
    Stuurgegevens(
        Berichtcode.DI01,
        Systeem("0363", "Wmo-pakket"),
        Systeem("41235678", "GGk"),
        "3b8f9d1e-5a0c-4d53-9c0e-1f2a3b4c5d6e",
        "20260105091500123",
        functie="WMO301",
    ),
    Parameters("0004", "0001", "0003", "0002"),
)
DU01 = replace(
    DI01,
    stuurgegevens=replace(
        DI01.stuurgegevens,
        berichtcode=Berichtcode.DU01,
        cross_ref="0f0e0d0c-0b0a-4908-8706-050403020100",
        functie="WMO302",
    ),
)
TEKST = replace(DI01, parameters=replace(DI01.parameters, vorm=Bestandsvorm.TEKST, bestandsnaam="opgave-Q1.csv"))  # type: ignore[arg-type]  # the parameters are there
FO01 = Envelop(
    Stuurgegevens(
        Berichtcode.FO01,
        Systeem("IB", "GGKWebservice"),
        Systeem("0363", "Wmo-pakket", "Proefstad", "balie"),
        "7c1d2e3f-4a5b-4c6d-8e7f-9a0b1c2d3e4f",
        "20260105091501000",
        cross_ref=DI01.stuurgegevens.referentienummer,
    ),
    fout=Foutinhoud("IB010", "client", "Geadresseerde onbekend", "WMO301-00030002"),
)
FOUTBODY = (
    b'<StUF:body xmlns:StUF="http://www.egem.nl/StUF/StUF0301"><StUF:code>IB010</StUF:code>'
    b"<StUF:plek>client</StUF:plek><StUF:omschrijving>Geadresseerde onbekend</StUF:omschrijving>"
    b"<StUF:details>WMO301-00030002</StUF:details><StUF:detailsXML><x xmlns='urn:proef' y=\"1\">z</x>"
    b"</StUF:detailsXML></StUF:body>"
)


class Stuf:
    """Both directions of the codec, and one valid envelope of every kind."""

    di01, du01, tekst, fo01, foutbody = DI01, DU01, TEKST, FO01, FOUTBODY

    @staticmethod
    def pack(envelop: Envelop, payload: bytes) -> bytes:
        """Write a message as the sending side does."""
        uitgaand = compose(envelop, Payload(payload))
        bericht = b"".join(uitgaand.chunks())
        assert len(bericht) == uitgaand.lengte
        return bericht

    @staticmethod
    def read(bericht: bytes, stap: int = 1 << 30, *, soap_action: str | None = None, drempel: int = 65_536) -> Gelezen:
        """Read a message in pieces of `stap` bytes; a drempel of 0 reads it as a large one."""
        lezer = EnvelopLezer(soap_action, drempel=drempel)
        for plek in range(0, len(bericht), stap):
            lezer.feed(bericht[plek : plek + stap])
        return lezer.close()

    @staticmethod
    def body(bericht: bytes) -> etree._Element:
        """Return the child of soap:Body, as a document of its own."""
        wortel = etree.fromstring(bericht)
        assert wortel.tag == "{http://schemas.xmlsoap.org/soap/envelope/}Envelope"
        ((kind,),) = wortel
        return etree.fromstring(etree.tostring(kind, with_tail=False))


@pytest.fixture
def stuf() -> Stuf:
    return Stuf()


@dataclass
class Opschrijver:
    """An intake that records, and answers what the test wants."""

    antwoord: Ontvangst | Exception = field(
        default_factory=lambda: Ontvangst(
            Ontvangstsoort.AANGENOMEN, "11111111-2222-4333-8444-555555555555", "20260105091502999"
        )
    )
    gekregen: list[Aanlevering] = field(default_factory=list)

    async def accept(self, aanlevering: Aanlevering) -> Ontvangst:
        self.gekregen.append(aanlevering)
        if isinstance(self.antwoord, Exception):
            raise self.antwoord
        return self.antwoord


@pytest.fixture
def intake() -> Opschrijver:
    return Opschrijver()


@pytest.fixture
def identiteit() -> Identiteit:
    return IDENTITEIT


@pytest.fixture(scope="session")
def gepubliceerd(corpus: Path) -> etree.XMLSchema:
    """The schema as it was published."""
    return etree.XMLSchema(file=str(corpus / "ggk" / "ggk0210" / "ggkberichten" / "ggk0210_msg_ggkberichten.xsd"))
