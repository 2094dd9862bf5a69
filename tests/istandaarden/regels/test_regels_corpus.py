"""Published samples: what the official check rejects is rejected for the same reason, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest

from istandaarden.toets import validate

pytestmark = pytest.mark.corpus

ONGELDIG = {"JW315": 1, "JW318": 1}
OVERTREDING = {
    "WMO317": ("TR380", "/Bericht/Client/Verzoek/NieuweProducten/NieuwProduct/GewensteIngangsdatum"),
    "JW317": ("CS003", "/Bericht/Client/Verzoek/NieuweProducten/NieuwProduct/Einddatum"),
    "JW323": (
        "TR101",
        "/Bericht/Declaratie/Clienten/Client[2]/Prestaties/Prestatie[3]/ProductReferentie/ReferentieNummer",
    ),
}


def test_samples(corpus: Path):
    gezien = set()
    for pad in sorted(corpus.glob("berichten/i*/3.2/*.xml")):
        gezien.add(pad.stem)
        oordeel = validate(pad.read_bytes(), niveau=2)
        gevonden = [(b.code, b.plaats) for b in oordeel.bevindingen if b.niveau == 2]
        assert gevonden == ([OVERTREDING[pad.stem]] if pad.stem in OVERTREDING else []), pad
        assert any(b.niveau == 1 for b in oordeel.bevindingen) is (pad.stem in ONGELDIG)
    assert gezien >= ONGELDIG.keys() | OVERTREDING.keys()


def test_other_releases_have_no_rules(corpus: Path):
    for pad in (*corpus.glob("berichten/*/2.3/*.xml"), *corpus.glob("berichten/ieb/*/*.xml")):
        data = pad.read_bytes()
        assert validate(data, niveau=2) == validate(data, niveau=1)
