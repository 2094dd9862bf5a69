"""Our contract: complete, self-contained, and of the same strictness as the published one."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import etree

from adapters.stufggk.koppelvlak import SCHEMAS, schema, write_wsdl, write_xsd

Stuf = Any  # the class stands in conftest.py, which cannot be imported
ADRES = "https://hub.voorbeeld.nl:8443/ggk?a=b&c"
XS = "{http://www.w3.org/2001/XMLSchema}"


def test_references_point_at_the_given_address() -> None:
    wsdl = etree.fromstring(write_wsdl("https://hub/x"))
    plekken = [i.get("schemaLocation") for i in wsdl.iter(f"{XS}import")]
    assert plekken == [f"https://hub/x?xsd={naam}" for naam in SCHEMAS]
    (adres,) = wsdl.iter("{http://schemas.xmlsoap.org/wsdl/soap/}address")
    assert adres.get("location") == "https://hub/x"
    assert etree.fromstring(write_wsdl(ADRES)) is not None
    xsd = write_xsd("ggk0210.xsd", "https://hub/x")
    assert xsd is not None
    assert b"https://hub/x?xsd=stuf0301.xsd" in xsd
    assert write_xsd("../server.py", "https://hub/x") is None


def test_no_import_was_skipped(stuf: Stuf) -> None:
    # libxml2 ignores an import that it cannot load, and would then judge only half
    goed = stuf.body(stuf.pack(stuf.di01, b"x"))
    assert schema().validate(goed)
    goed.find(".//{*}tijdstipBericht").text = "gisteren"
    assert not schema().validate(goed)


_VERANDERINGEN = [
    (">Di01<", ">Du01<"),
    ("0004", "004"),
    ("0004", "00a4"),
    ("Wmo-pakket", "Wm"),
    ("Wmo-pakket", "W" * 50),
    ("Wmo-pakket", "W" * 51),
    ("0363", ""),
    ("0363", "9" * 200),
    ("0363", "9" * 201),
    ("WMO301", ""),
    ("WMO301", "W" * 30),
    ("WMO301", "W" * 31),
    ("20260105091500123", "2026010"),
    ("20260105091500123", "99999999"),
    ("20260105091500123", "202601050915001234"),
    ("-4d53-", "-1d53-"),
    ("-4d53-", "-4D53-"),
    ("-9c0e-", "-cc0e-"),
    ("<StUF:functie>", "<StUF:crossRefnummer>3b8f9d1e-5a0c-4d53-9c0e-1f2a3b4c5d6e</StUF:crossRefnummer><StUF:functie>"),
    ("</StUF:zender>", "<StUF:administratie/></StUF:zender>"),
    ("</StUF:zender>", f"<StUF:administratie>{'a' * 51}</StUF:administratie></StUF:zender>"),
    ("</StUF:zender>", f"<StUF:gebruiker>{'a' * 100}</StUF:gebruiker></StUF:zender>"),
    ("</StUF:zender>", f"<StUF:gebruiker>{'a' * 101}</StUF:gebruiker></StUF:zender>"),
    ("<GGK:xmlBestand>", "<GGK:xmlBestand bestandsnaam='a.xml'>"),
    ("GGK:xmlBestand", "GGK:tekstBestand"),
    ("GGK:xmlBestand", "GGK:ander"),
    ("</GGK:bericht>", "<GGK:xmlBestand/></GGK:bericht>"),
    ("opgave-Q1.csv", "a.b"),
    ("opgave-Q1.csv", "a" * 255),
    ("opgave-Q1.csv", "a" * 256),
    ("opgave-Q1.csv", "a b.csv"),
    (' bestandsnaam="opgave-Q1.csv"', ""),
    (">IB010<", ">IB01000<"),
    (">IB010<", ">IB010000<"),
    (">client<", ">Client<"),
    (">client<", ">server<"),
    ("Geadresseerde onbekend", "x" * 200),
    ("Geadresseerde onbekend", "x" * 201),
    ("WMO301-00030002", "x" * 1000),
    ("WMO301-00030002", "x" * 1001),
    ("<x xmlns", "tekst<x xmlns"),
    ("<StUF:organisatie>IB</StUF:organisatie>", ""),
    (">Fo01<", "><"),
    (">Fo01<", ">Fo03<"),
    ("<StUF:plek>client</StUF:plek>", ""),
]


@pytest.mark.corpus
def test_same_verdict_as_the_published_schema(stuf: Stuf, gepubliceerd: etree.XMLSchema) -> None:
    oordelen = {True: 0, False: 0}
    for soort, inhoud in (("di01", b"x"), ("du01", b"x"), ("tekst", b"x"), ("fo01", stuf.foutbody)):
        bericht = etree.tostring(stuf.body(stuf.pack(getattr(stuf, soort), inhoud))).decode()
        for oud, nieuw in [("", ""), *_VERANDERINGEN]:
            anders = etree.fromstring(bericht.replace(oud, nieuw) if oud else bericht)
            assert schema().validate(anders) is gepubliceerd.validate(anders), (soort, oud, nieuw)
            oordelen[schema().validate(anders)] += 1
    assert min(oordelen.values()) > 50
