"""A payload that is passed on unread must be there, and be what its form and its name say."""

from __future__ import annotations

import pytest

from routing.bericht import (
    Aanlevering,
    Berichtcode,
    Bestandsvorm,
    Envelop,
    Identiteit,
    Parameters,
    Stuurgegevens,
    Systeem,
)
from routing.functies import functies
from routing.payload import DREMPEL, Payload
from routing.route import Besluit
from routing.toetsing import Toetser

XML, TEKST = Bestandsvorm.XML, Bestandsvorm.TEKST


async def judge(functie: str, data: bytes, vorm: Bestandsvorm, naam: str | None, kanaal: str = "stuf") -> Besluit:
    sg = Stuurgegevens(
        Berichtcode.DI01, Systeem("0363"), Systeem("SVB"), "9c0f7b90-5c69-41e5-a837-0800200c9a66", "20260105120000"
    )
    envelop = Envelop(sg, Parameters("0001", "0000", "0001", "0000", vorm, naam))
    besluit = Besluit(functie=functies()[functie, "2.2" if functie == "Dummy" else "1.0"])
    await Toetser().judge(Aanlevering(envelop, Payload(data), Identiteit(None, "aa"), kanaal), "B", besluit)
    return besluit


@pytest.mark.parametrize(
    ("functie", "data", "vorm", "naam"),
    [
        ("TKB001-0100", b"<TKB><Nummer>1</Nummer></TKB>", XML, None),
        ("TKB002", b"<TKB/>", TEKST, "toekenning.XML"),
        ("TKB002", b"1;2;3", TEKST, "toekenning.txt"),
        ("BAB001", b"<a>" + b"<b>1</b>" * DREMPEL + b"</a>", XML, None),
        ("Dummy", "é;b\r\n".encode("latin-1"), TEKST, "opgave-Q1.csv"),
        ("Dummy", b"%PDF-1.7\n\0", TEKST, "opgave.pdf"),
    ],
)
async def test_a_file_that_is_what_it_says_passes_unread(
    functie: str, data: bytes, vorm: Bestandsvorm, naam: str | None
) -> None:
    besluit = await judge(functie, data, vorm, naam)
    assert besluit.fout is None
    assert [stap.uitleg for stap in besluit.stappen] == [f"De inhoud van {functie} wordt ongelezen doorgegeven."]


@pytest.mark.parametrize(
    ("functie", "data", "vorm", "naam", "woorden"),
    [
        ("TKB001-0100", b"", XML, None, "leeg"),
        ("TKB001-0100", b"", TEKST, "a.txt", "leeg"),
        ("TKB001-0100", b"<TKB>", XML, None, "geen leesbare XML"),
        ("TKB001-0100", b'<!DOCTYPE a SYSTEM "http://elders/x"><a/>', XML, None, "geen leesbare XML"),
        ("TKB001-0100", b"1;2;3", TEKST, "toekenning.xml", "geen leesbare XML"),
        ("BAB001", b"<a>" + b"<b>1</b>" * DREMPEL, XML, None, "geen leesbare XML"),
        ("TKB001-0100", b"MZ", TEKST, "toekenning.exe", "eindigt niet op .xml of .txt"),
        ("TKB001-0100", b"<a/>", TEKST, "toekenningxml", "eindigt niet op"),
        ("Dummy", b"<html/>", TEKST, "opgave.pdf", "begint niet als een PDF"),
        ("Dummy", b"PK\x03\x04\0\0", TEKST, "opgave.csv", "geen tekst"),
    ],
)
async def test_a_file_that_is_not_what_it_says_is_refused_in_words(
    functie: str, data: bytes, vorm: Bestandsvorm, naam: str | None, woorden: str
) -> None:
    besluit = await judge(functie, data, vorm, naam)
    assert besluit.fout is not None
    assert (besluit.fout.oorzaak, besluit.fout.code) == ("bestand_ongeldig", "IB001")
    assert woorden in besluit.stappen[-1].uitleg


async def test_over_vsp_a_file_has_a_name_that_the_hub_made() -> None:
    assert (await judge("Dummy", b"a;b", TEKST, "Dummy_0363_CBS_1", "vsp")).fout is None
    leeg = await judge("Dummy", b"", TEKST, "Dummy_0363_CBS_1", "vsp")
    assert leeg.fout is not None
