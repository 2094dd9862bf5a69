"""The body of a Fo01, from anyone."""

from __future__ import annotations

import pytest

from adapters.vsp.foutbody import STUF, read_foutbody
from adapters.vsp.weigering import Onvertaalbaar
from istandaarden.bevinding import Bevinding
from routing.bericht import Foutinhoud
from routing.foutbericht import write_body


def body(*kinderen: str, naam: str = "body", ruimte: str = STUF) -> bytes:
    return f'<s:{naam} xmlns:s="{ruimte}">{"".join(kinderen)}</s:{naam}>'.encode()


CODE, PLEK, ZIN = "<s:code>IB010</s:code>", "<s:plek>client</s:plek>", "<s:omschrijving>Onbekend</s:omschrijving>"


@pytest.mark.parametrize("hap", [1, 7, 10_000])
def test_what_the_hub_writes(hap: int) -> None:
    inhoud = Foutinhoud("IB014", "client", "Voldoet niet <aan> het schema", "WMO301-00030002")
    bevindingen = [Bevinding("XSD", 1, f"/a[{n}]", n, "Fout.", waarde="<code>x</code>") for n in range(400)]
    data = write_body(inhoud, "Zie de lijst.", bevindingen)
    assert read_foutbody(data[i : i + hap] for i in range(0, len(data), hap)) == inhoud


def test_what_is_inside_details_xml_is_passed_by() -> None:
    inhoud = body(CODE, PLEK, ZIN, f"<s:detailsXML><s:body>{CODE}{ZIN}</s:body></s:detailsXML>")
    assert read_foutbody([inhoud]) == Foutinhoud("IB010", "client", "Onbekend")


def test_comments_do_not_split_a_value() -> None:
    assert read_foutbody([body("<s:code>IB<!-- x -->010</s:code>", PLEK, ZIN)]).code == "IB010"


@pytest.mark.parametrize(
    ("inhoud", "woord"),
    [
        (b"", "leeg"),
        (b"geen xml", "XML"),
        (body(CODE, PLEK, ZIN)[:-4], "XML"),
        (b"<!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>" + body(CODE, PLEK, ZIN), "XML"),
        (body(CODE, PLEK, ZIN, naam="Fo01Bericht"), "element body"),
        (body(CODE, PLEK, ZIN, ruimte="urn:x"), "element body"),
        (body(PLEK, ZIN), "ontbreekt code"),
        (body("<s:code/>", PLEK, ZIN), "ontbreekt code"),
        (body(PLEK, CODE, ZIN), "volgorde"),
        (body(CODE, CODE, PLEK, ZIN), "twee keer"),
        (body(CODE, "<s:plek>Client</s:plek>", ZIN), "client of server"),
        (body("<s:code>IB010010</s:code>", PLEK, ZIN), "langer dan 7"),
        (body(CODE, PLEK, f"<s:omschrijving>{'x' * 60_000}</s:omschrijving>"), "langer dan 200"),
        (body(CODE, PLEK, ZIN, f"<s:details>{'x' * 1001}</s:details>"), "langer dan 1000"),
        (body("<s:code><s:x/>IB010</s:code>", PLEK, ZIN), "alleen tekst"),
        (body(CODE, PLEK, ZIN, "<x/>"), "niet hoort"),
        (body("<s:a>" * 50 + "</s:a>" * 50), "niet hoort"),
    ],
)
def test_what_is_no_fault_body(inhoud: bytes, woord: str) -> None:
    with pytest.raises(Onvertaalbaar) as fout:
        read_foutbody([inhoud])
    assert list(fout.value.fouten) == ["payload"]
    assert woord in str(fout.value)
