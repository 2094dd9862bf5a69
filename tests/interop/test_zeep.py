"""zeep with the published WSDL and schemas speaks to our koppelvlak, and our own WSDL says the same."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest
import zeep
import zeep.exceptions
from lxml import etree

from routing.bericht import Berichtcode, Bestandsvorm
from routing.fouten import make_fout
from routing.poorten import Ontvangst, Ontvangstsoort

pytestmark = pytest.mark.corpus
Koppelvlak = Any  # the class stands in conftest.py, which cannot be imported

ZENDER = {"organisatie": "0363", "applicatie": "Wmo-pakket", "administratie": "Proefstad"}
ONTVANGER = {"organisatie": "41235678", "applicatie": "GGk"}
PAYLOAD = "<bericht>Zoë</bericht>".encode() * 40


def stuurgegevens(code: str, **velden: str) -> dict[str, Any]:
    return {
        "berichtcode": code,
        "zender": ZENDER,
        "ontvanger": ONTVANGER,
        "referentienummer": str(uuid.uuid4()),
        "tijdstipBericht": "20260105091500",
        **velden,
    }


def parameters(bericht: dict[str, Any]) -> dict[str, Any]:
    versies = {"applicatieVersie": "0004", "applicatieSubversie": "0001"}
    return {**versies, "functieVersie": "0003", "functieSubversie": "0002", "bericht": bericht}


async def di01(dienst: Any, **velden: str) -> Any:
    sg = stuurgegevens("Di01", functie="WMO301", **velden)
    inhoud = parameters({"xmlBestand": PAYLOAD})
    return sg, await asyncio.to_thread(dienst.ggk_Di01, stuurgegevens=sg, parameters=inhoud)


async def test_di01_with_xml(koppelvlak: Koppelvlak, gepubliceerd: str) -> None:
    _, dienst = await koppelvlak.connect(gepubliceerd)
    sg, bv03 = await di01(dienst)
    assert bv03.berichtcode == "Bv03"
    assert bv03.zender.organisatie == "IB"
    assert bv03.ontvanger.organisatie == "0363"
    assert bv03.ontvanger.administratie == "Proefstad"
    assert bv03.crossRefnummer == sg["referentienummer"]
    assert bv03.referentienummer == koppelvlak.intake.antwoord.referentienummer
    (gekregen,) = koppelvlak.intake.gekregen
    assert gekregen.bevindingen == ()
    assert gekregen.payload.plain == PAYLOAD
    assert gekregen.identiteit.oin == "00000001999999990363"
    assert gekregen.envelop.stuurgegevens.functie == "WMO301"


async def test_di01_with_another_file(koppelvlak: Koppelvlak, gepubliceerd: str) -> None:
    _, dienst = await koppelvlak.connect(gepubliceerd)
    sg = stuurgegevens("Di01", functie="Dummy")
    bestand = {"_value_1": b"a;b\r\n", "bestandsnaam": "opgave-Q1.csv"}
    bv03 = await asyncio.to_thread(dienst.ggk_Di01, stuurgegevens=sg, parameters=parameters({"tekstBestand": bestand}))
    assert bv03.berichtcode == "Bv03"
    (gekregen,) = koppelvlak.intake.gekregen
    assert gekregen.bevindingen == ()
    assert gekregen.payload.plain == b"a;b\r\n"
    assert gekregen.envelop.parameters.vorm is Bestandsvorm.TEKST
    assert gekregen.envelop.parameters.bestandsnaam == "opgave-Q1.csv"


async def test_du01(koppelvlak: Koppelvlak, gepubliceerd: str) -> None:
    _, dienst = await koppelvlak.connect(gepubliceerd)
    vraag = str(uuid.uuid4())
    sg = stuurgegevens("Du01", functie="WMO302", crossRefnummer=vraag)
    inhoud = parameters({"xmlBestand": PAYLOAD})
    bv03 = await asyncio.to_thread(dienst.ggk_Du01, stuurgegevens=sg, parameters=inhoud)
    assert bv03.crossRefnummer == sg["referentienummer"]
    (gekregen,) = koppelvlak.intake.gekregen
    assert gekregen.bevindingen == ()
    assert gekregen.envelop.stuurgegevens.cross_ref == vraag


async def test_fo01(koppelvlak: Koppelvlak, gepubliceerd: str) -> None:
    _, dienst = await koppelvlak.connect(gepubliceerd)
    sg = stuurgegevens("Fo01", crossRefnummer=str(uuid.uuid4()))
    fout = {"code": "StUF055", "plek": "client", "omschrijving": "Inhoud voldoet niet", "details": "WMO301-00030002"}
    details = {"_value_1": [etree.fromstring("<origineel xmlns='urn:proef'><a/></origineel>")]}
    bv03 = await asyncio.to_thread(dienst.Fo01, stuurgegevens=sg, body={**fout, "detailsXML": details})
    assert bv03.crossRefnummer == sg["referentienummer"]
    (gekregen,) = koppelvlak.intake.gekregen
    assert gekregen.bevindingen == ()
    assert gekregen.envelop.stuurgegevens.berichtcode is Berichtcode.FO01
    assert gekregen.envelop.fout.code == "StUF055"
    assert b"<origineel" in gekregen.payload.plain


async def test_repetition_reads_as_the_same_bv03(koppelvlak: Koppelvlak, gepubliceerd: str) -> None:
    _, dienst = await koppelvlak.connect(gepubliceerd)
    nummer = str(uuid.uuid4())
    _, een = await di01(dienst, referentienummer=nummer)
    eerder = koppelvlak.intake.antwoord
    koppelvlak.intake.antwoord = Ontvangst(Ontvangstsoort.HERHAALD, eerder.referentienummer, eerder.tijdstip)
    _, twee = await di01(dienst, referentienummer=nummer)
    assert zeep.helpers.serialize_object(een) == zeep.helpers.serialize_object(twee)


@pytest.mark.parametrize(
    ("oorzaak", "code", "plek"),
    [
        ("zender_niet_van_certificaat", "StUF013", "client"),
        ("referentienummer_niet_uniek", "StUF016", "client"),
        ("opslaan_onmogelijk", "StUF046", "server"),
    ],
)
async def test_fo03(koppelvlak: Koppelvlak, gepubliceerd: str, oorzaak: str, code: str, plek: str) -> None:
    client, dienst = await koppelvlak.connect(gepubliceerd)
    koppelvlak.intake.antwoord = Ontvangst(Ontvangstsoort.GEWEIGERD, "r", "t", fout=make_fout(oorzaak, "B"))
    nummer = str(uuid.uuid4())
    with pytest.raises(zeep.exceptions.Fault) as info:
        await di01(dienst, referentienummer=nummer)
    fo03 = read_fo03(client, info.value)
    assert info.value.code.endswith(f":{plek.capitalize()}")
    assert info.value.message == fo03.body.omschrijving
    assert (fo03.body.code, fo03.body.plek) == (code, plek)
    assert fo03.stuurgegevens.crossRefnummer == nummer
    assert fo03.stuurgegevens.berichtcode == "Fo03"


async def test_our_failure_is_a_fo03_too(koppelvlak: Koppelvlak, gepubliceerd: str) -> None:
    client, dienst = await koppelvlak.connect(gepubliceerd)
    koppelvlak.intake.antwoord = RuntimeError("kapot")
    with pytest.raises(zeep.exceptions.Fault) as info:
        await di01(dienst)
    assert read_fo03(client, info.value).body.code == "StUF046"


async def test_unusable_stuurgegevens(koppelvlak: Koppelvlak, gepubliceerd: str) -> None:
    client, dienst = await koppelvlak.connect(gepubliceerd)
    with pytest.raises(zeep.exceptions.Fault) as info:
        await di01(dienst, referentienummer="12345")
    fo03 = read_fo03(client, info.value)
    assert fo03.body.code == "IB001"
    assert fo03.stuurgegevens.crossRefnummer == "12345"
    assert koppelvlak.intake.gekregen == []


async def test_fault_without_fo03(koppelvlak: Koppelvlak, gepubliceerd: str) -> None:
    client, dienst = await koppelvlak.connect(gepubliceerd)
    client.settings.extra_http_headers = {"SOAPAction": '"urn:iets-anders"'}
    with pytest.raises(zeep.exceptions.Fault) as info:
        await di01(dienst)
    assert "SOAPAction" in info.value.message
    assert info.value.detail is None


def read_fo03(client: zeep.Client, fout: zeep.exceptions.Fault) -> Any:
    (element,) = fout.detail
    return client.get_element(etree.QName(element)).parse(element, client.wsdl.types)


def tree(soort: Any) -> Any:
    """Describe a type: its elements with cardinality, its attributes, or the name of a simple type."""
    if not hasattr(soort, "elements_nested") and not getattr(soort, "elements", None):
        return _name(soort)
    kinderen = [
        (naam, e.min_occurs, e.max_occurs, tree(e.type) if hasattr(e, "type") else "any") for naam, e in soort.elements
    ]
    attributen = sorted((naam, a.required) for naam, a in soort.attributes)
    return kinderen, attributen


def _name(soort: Any) -> str:
    """Name of a simple type; an anonymous one by what it restricts."""
    return str(soort.name) if soort.name else str(type(soort).__mro__[1].__name__)


def describe(client: zeep.Client) -> dict[str, Any]:
    uit: dict[str, Any] = {}
    for naam, dienst in client.wsdl.services.items():
        for poort in dienst.ports.values():
            operaties = {
                op.name: {
                    "actie": op.soapaction,
                    "stijl": op.style,
                    "in": (op.input.body.qname.text, tree(op.input.body.type)),
                    "uit": (op.output.body.qname.text, tree(op.output.body.type)),
                    "fouten": {
                        naam: [
                            (deel, part.element.qname.text, tree(part.element.type))
                            for deel, part in fout.parts.items()
                        ]
                        for naam, fout in op.abstract.fault_messages.items()
                    },
                }
                for op in poort.binding._operations.values()
            }
            uit[naam] = (poort.name, str(poort.binding.name), type(poort.binding).__name__, operaties)
    return uit


async def test_our_wsdl_describes_the_same(koppelvlak: Koppelvlak, gepubliceerd: str) -> None:
    anders, _ = await koppelvlak.connect(gepubliceerd)
    eigen, dienst = await koppelvlak.connect(f"{koppelvlak.url}?wsdl")
    assert describe(eigen) == describe(anders)
    (poort,) = eigen.wsdl.services["StUFOntvangAsynchroonGGK0210Service"].ports.values()
    assert poort.binding_options["address"] == koppelvlak.url
    _, bv03 = await di01(dienst)
    assert bv03.berichtcode == "Bv03"
