"""Messages for a partij that has a WSDL of its own: what that file says of operation, SOAP version and elements holds.

The file is the partij's, the elements in the Body are those of GGk. It is read from this machine only: nothing it
refers to is fetched, a DTD or an entity is refused, and the address in it is not used.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lxml import etree
from zeep import Client, Settings
from zeep.exceptions import Error as ZeepFout
from zeep.transports import Transport
from zeep.wsdl.bindings import Soap11Binding, Soap12Binding

from adapters.stufggk.namen import BODY
from istandaarden.veilig import parse
from routing.bericht import Berichtcode, Envelop, Stuurgegevens, Systeem
from routing.poorten import UitgaandePayload

_NERGENS = "https://invalid./"  # zeep asks for an address to make a service; the message does not hold it
_GROOTSTE = 4 * 1024 * 1024
_ELEMENTEN = {code: element for element, code in BODY.items()}


class Wsdlfout(Exception):
    """The WSDL cannot be used as it is; the text is Dutch. Somebody can repair it while berichten wait."""


class _Lokaal(Transport):
    """Reads files of this machine, and refuses everything else."""

    def load(self, url: str) -> bytes:
        """Read one file.

        Raises:
            Wsdlfout: it is an address, no ordinary file, too large, or cannot be read.
        """
        if urlsplit(url).scheme:
            raise Wsdlfout("De WSDL verwijst naar een adres; zet het bestand ernaast en verwijs daarnaar.")
        pad = Path(url)
        if pad.exists() and not pad.is_file():
            raise Wsdlfout(f"{pad.name} is geen gewoon bestand.")
        try:
            with pad.open("rb") as bestand:
                data = bestand.read(_GROOTSTE + 1)
        except OSError as fout:
            raise Wsdlfout(f"{pad.name} is niet te lezen ({fout.strerror}).") from None
        if len(data) > _GROOTSTE:
            raise Wsdlfout(f"{pad.name} is groter dan 4 MiB; dat is geen WSDL.")
        return data


@dataclass(frozen=True, slots=True)
class Bericht:
    """A message ready to be sent, with the headers that its SOAP version asks for."""

    body: bytes
    kop: dict[str, str]


class PartnerWsdl:
    """The contract of one partij.

    Raises:
        Wsdlfout: it is no WSDL, refers to what is not there, or has no SOAP operation for a bericht of GGk.
    """

    def __init__(self, pad: Path) -> None:
        veilig = Settings(strict=True, forbid_dtd=True, forbid_entities=True, forbid_external=True)
        try:
            self._client: Any = Client(str(pad), transport=_Lokaal(), settings=veilig)  # type: ignore[no-untyped-call] # zeep annotated little
            self._operaties = _operations(self._client)
        except Wsdlfout:
            raise
        except Exception as fout:  # noqa: BLE001 - zeep lets whatever goes wrong in a strange file come through
            raise Wsdlfout(f"De WSDL is niet te gebruiken ({type(fout).__name__}).") from None
        if not self._operaties:
            raise Wsdlfout("De WSDL heeft geen SOAP-operatie voor een GGk-bericht.")

    def write(self, envelop: Envelop, payload: UitgaandePayload) -> Bericht:
        """Write a bericht as this contract wants it.

        Raises:
            Wsdlfout: the contract has no operation for this kind of envelope.
            ValueError: the bericht does not fit in the contract; the text is Dutch.
        """
        code = envelop.stuurgegevens.berichtcode
        if code not in self._operaties:
            raise Wsdlfout(f"De WSDL heeft geen operatie voor een {code}.")
        binding, naam = self._operaties[code]
        try:
            dienst = self._client.create_service(binding.name.text, _NERGENS)
            element = self._client.create_message(dienst, naam, **_content(envelop, payload))
        except (ZeepFout, TypeError, ValueError) as fout:
            raise ValueError(f"het past niet in de WSDL van de ontvanger ({type(fout).__name__})") from None
        actie = binding.get(naam).soapaction or ""
        if isinstance(binding, Soap12Binding):
            kop = {"Content-Type": f'application/soap+xml; charset=utf-8; action="{actie}"'}
        else:
            kop = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{actie}"'}
        return Bericht(etree.tostring(element, encoding="UTF-8", xml_declaration=True), kop)


def _operations(client: Client) -> dict[Berichtcode, tuple[Any, str]]:
    """Find per berichtcode the operation by the element in its Body: names and actions are free (GGk §2.1)."""
    gevonden: dict[Berichtcode, tuple[Any, str]] = {}
    for binding in client.wsdl.bindings.values():
        if not isinstance(binding, (Soap11Binding, Soap12Binding)):
            continue
        for naam, operatie in binding._operations.items():  # noqa: SLF001 - the only list that zeep keeps
            element = getattr(operatie.input.body, "qname", None)
            for code, verwacht in _ELEMENTEN.items():
                if element is not None and element.text == verwacht:
                    gevonden.setdefault(code, (binding, naam))
    return gevonden


def _content(envelop: Envelop, payload: UitgaandePayload) -> dict[str, Any]:
    sg, p = envelop.stuurgegevens, envelop.parameters
    if sg.berichtcode is Berichtcode.FO01:
        return {"stuurgegevens": _stuurgegevens(sg), "body": _fault(payload)}
    if p is None:
        raise ValueError("een Di01 of Du01 zonder parameters bestaat niet in StUF")
    data: Any = b"".join(payload.chunks())
    if p.bestandsnaam is not None:
        data = {"_value_1": data, "bestandsnaam": p.bestandsnaam}
    return {
        "stuurgegevens": _stuurgegevens(sg),
        "parameters": {
            "applicatieVersie": p.applicatie_versie,
            "applicatieSubversie": p.applicatie_subversie,
            "functieVersie": p.functie_versie,
            "functieSubversie": p.functie_subversie,
            "bericht": {p.vorm.value: data},
        },
    }


def _stuurgegevens(sg: Stuurgegevens) -> dict[str, Any]:
    velden = {
        "berichtcode": sg.berichtcode.value,
        "zender": _systeem(sg.zender),
        "ontvanger": _systeem(sg.ontvanger),
        "referentienummer": sg.referentienummer,
        "tijdstipBericht": sg.tijdstip,
        "crossRefnummer": sg.cross_ref,
        "functie": sg.functie,
    }
    return {naam: waarde for naam, waarde in velden.items() if waarde is not None}


def _systeem(systeem: Systeem) -> dict[str, str]:
    velden = {naam: getattr(systeem, naam) for naam in ("organisatie", "applicatie", "administratie", "gebruiker")}
    return {naam: waarde for naam, waarde in velden.items() if waarde is not None}


def _fault(payload: UitgaandePayload) -> dict[str, Any]:
    """Turn the body element, which is the payload of a Fo01, into values; what is in detailsXML stays as it is."""
    velden: dict[str, Any] = {}
    for element in parse(b"".join(payload.chunks())):
        naam = etree.QName(element).localname
        velden[naam] = {"_value_1": list(element)} if naam == "detailsXML" else element.text
    return velden
