"""The Header of an i-bericht, read without the rest of it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from lxml import etree

from istandaarden.limieten import PAYLOAD
from istandaarden.regels.bericht import NAMEN
from istandaarden.stroom import Ontleder
from istandaarden.weigering import XmlGeweigerd

KOP_MAX = 64 * 1024
"""Bytes within which a Header must have ended; a full one is about two kilobytes."""

_HAP = 2 * 1024
_WIT = " \t\r\n"
_VELDEN = {
    ("BerichtCode",): "berichtcode",
    ("BerichtVersie",): "versie",
    ("BerichtSubversie",): "subversie",
    ("Afzender",): "afzender",
    ("Ontvanger",): "ontvanger",
    ("BerichtIdentificatie", "Identificatie"): "identificatie",
    ("BerichtIdentificatie", "Dagtekening"): "dagtekening",
    ("DeclaratieIdentificatie", "Identificatie"): "declaratie_identificatie",
    ("XsdVersie", "BerichtXsdVersie"): "bericht_xsd",
    ("XsdVersie", "BasisschemaXsdVersie"): "basis_xsd",
    ("IdentificatieRetour",): "identificatie_retour",
    ("DagtekeningRetour",): "dagtekening_retour",
    # 303 and 304, up to release 2.4; a 304 keeps Aanbieder and Gemeente of its 303, as a retour does
    ("Aanbieder",): "afzender",
    ("Gemeente",): "ontvanger",
    ("DeclaratieFactuurIdentificatie", "DeclarantFactuurNummer"): "identificatie",
    ("DeclaratieFactuurIdentificatie", "FactuurDagtekening"): "dagtekening",
    ("RetourHeader", "GemeenteReferentieNummer"): "identificatie_retour",
    ("RetourHeader", "RetourDagtekening"): "dagtekening_retour",
}

_PADEN = [("/".join(pad), veld) for pad, veld in _VELDEN.items()]


class Kop(NamedTuple):
    """What the Header of an i-bericht says, as text without surrounding white space; None is absent.

    `naamruimte` is that of the root element and the only field that tells the kind of bericht when there is no
    Header. `versie` and `subversie` are the digits of BerichtVersie and BerichtSubversie. Releases before 3.0 have no
    XsdVersie, iEb has no Ontvanger, and only a retourbericht has the fields that end in ``_retour``. Of a 303 or 304
    `afzender` is the aanbieder, `ontvanger` the gemeente and `identificatie` the number of the declaratie.
    `declaratie_identificatie` stands in a 325 only: the BerichtIdentificatie of the 323 that it answers.
    """

    naamruimte: str | None
    berichtcode: str | None = None
    versie: str | None = None
    subversie: str | None = None
    afzender: str | None = None
    ontvanger: str | None = None
    identificatie: str | None = None
    dagtekening: str | None = None
    bericht_xsd: str | None = None
    basis_xsd: str | None = None
    identificatie_retour: str | None = None
    dagtekening_retour: str | None = None
    declaratie_identificatie: str | None = None


def read_kop(chunks: Iterable[bytes]) -> Kop:
    """Read the Header from the beginning of a bericht and stop there.

    What follows the Header is not judged, apart from bytes right behind it that are no text at all. When the first
    element of the bericht is not a Header, all fields but `naamruimte` are None. An element that occurs twice counts
    the first time; its XSD refuses it.

    Args:
        chunks: the bericht in pieces of any length; a generator is closed when the Header has been read.

    Returns:
        The fields that were found; nothing is checked against a schema.

    Raises:
        XmlGeweigerd: the input is not well-formed up to the end of the Header, breaks a rule of the hardened parser, or
            the Header is not complete within `KOP_MAX` bytes (`oorzaak` ``kop``).
    """
    doel = _KopDoel()
    ontleder = Ontleder(doel, PAYLOAD)
    gelezen = 0
    try:
        for hap in _bites(chunks):
            ontleder.feed(hap)
            gelezen += len(hap)
            if gelezen > KOP_MAX:
                raise XmlGeweigerd("kop", f"De Header is na {KOP_MAX} bytes nog niet afgesloten.", ontleder.regel)
        ontleder.close()
    except _Klaar:
        ontleder.check()
    finally:
        if isinstance(chunks, Generator):
            chunks.close()
    return doel.kop()


def kop_of(wortel: etree._Element) -> Kop:
    """Read the Header of a bericht that was parsed already; the same answer as `read_kop`.

    Args:
        wortel: root element from `istandaarden.veilig.parse`.
    """
    ruimte, haakje, _ = str(wortel.tag).rpartition("}")
    header, enkel, samen = _by_tag(ruimte + haakje)
    velden: dict[str, str] = {}
    for kind in wortel[0] if len(wortel) and wortel[0].tag == header else ():
        tag = kind.tag
        if (veld := enkel.get(tag)) is not None:
            velden.setdefault(veld, (kind.text or "").strip(_WIT))
        elif (binnen := samen.get(tag)) is not None:
            for binnenste in kind:
                if (veld := binnen.get(NAMEN[binnenste.tag])) is not None:
                    velden.setdefault(veld, (binnenste.text or "").strip(_WIT))
    return Kop(ruimte[1:] or None, **velden)


@lru_cache(maxsize=256)
def _by_tag(voorvoegsel: str) -> tuple[str, dict[Any, str], dict[Any, dict[str, str]]]:
    """Give the tag of the Header, and the fields by that of a child of it, and by the local name of what stands there.

    Only the names of the berichtsoort itself count; those inside are of the basisschema.
    """
    enkel: dict[Any, str] = {}
    samen: dict[Any, dict[str, str]] = {}
    for (naam, *binnenste), veld in _VELDEN.items():
        if binnenste:
            samen.setdefault(voorvoegsel + naam, {})[binnenste[0]] = veld
        else:
            enkel[voorvoegsel + naam] = veld
    return f"{voorvoegsel}Header", enkel, samen


def kop_with(naamruimte: str | None, lees: Callable[[str], str | None]) -> Kop:
    """Make a Kop of a valid bericht that was read already.

    Args:
        naamruimte: of the root element.
        lees: gives a value by its path below the Header, such as ``XsdVersie/BerichtXsdVersie``, None when absent.
    """
    velden: dict[str, str | None] = {}
    for pad, veld in _PADEN:
        if velden.get(veld) is None:
            velden[veld] = lees(pad)
    return Kop(naamruimte, **velden)


def _bites(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Cut into pieces no longer than a Header, so that what follows it is not parsed."""
    for chunk in chunks:
        for begin in range(0, len(chunk), _HAP):
            yield chunk[begin : begin + _HAP]


class _Klaar(Exception):
    """The Header has passed, so the rest need not be parsed."""


class _KopDoel:
    """Collects the fields while the Header passes; raises `_Klaar` when it has."""

    def __init__(self) -> None:
        self._naamruimte: str | None = None
        self._pad: list[str] = []
        self._veld: str | None = None  # the field whose text is being read
        self._waarden: dict[str, list[str]] = {}

    def kop(self) -> Kop:
        """Return what was found so far."""
        velden = {veld: "".join(delen).strip(_WIT) for veld, delen in self._waarden.items()}
        return Kop(self._naamruimte, **velden)

    def start(self, tag: str, _attrib: Mapping[str, str], _nsmap: Mapping[str | None, str]) -> None:
        naamruimte, _, naam = tag.rpartition("}")
        naamruimte = naamruimte[1:]
        diepte = len(self._pad)
        if diepte == 0:
            self._naamruimte = naamruimte or None
        elif diepte <= 2 and naamruimte != (self._naamruimte or ""):
            naam = ""  # only the names of the berichtsoort itself count; those inside them are of the basisschema
        if diepte == 1 and naam != "Header":
            raise _Klaar
        self._pad.append(naam)
        self._open(tuple(self._pad[2:]))

    def end(self, _tag: str) -> None:
        if len(self._pad) == 2:
            raise _Klaar
        self._pad.pop()
        self._veld = None

    def data(self, text: str) -> None:
        if self._veld is not None:
            self._waarden[self._veld].append(text)

    def close(self) -> None:
        """Do nothing: `kop` gives the result."""

    def _open(self, pad: tuple[str, ...]) -> None:
        veld = _VELDEN.get(pad)
        if veld is None or veld in self._waarden:
            self._veld = None
            return
        self._veld = veld
        self._waarden[veld] = []
