"""Ten different mistakes in one bericht are ten findings in one go."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from istandaarden.toets import validate

_PRODUCTEN = "Client/ToegewezenProducten/ToegewezenProduct"
_RIJ = "/Bericht/Client/ToegewezenProducten"


def test_ten_mistakes(proef: Callable[..., Any]):
    """Of level 1 and level 2, next to each other: each with its code, line, place and what to do."""
    bericht = proef("WMO301", grootte=4)
    bericht.set("Header/Afzender", "38A4")
    bericht.set("Client/Bsn", "999900007")
    bericht.set("Client/Geslacht", "9")
    bericht.set("Client/Communicatie", {"Vorm": "1"})
    bericht.set("Client/Contactgegevens/Contact/Adres/Postcode", "1234 AB")
    bericht.set(f"{_PRODUCTEN}[0]/Omvang", None)
    bericht.set(f"{_PRODUCTEN}[1]/Einddatum", bericht.at(f"{_PRODUCTEN}[1]/Ingangsdatum") - timedelta(days=1))
    bericht.set(f"{_PRODUCTEN}[2]/RedenWijziging", "01")
    bericht.set(f"{_PRODUCTEN}[3]/ToewijzingNummer", bericht.at(f"{_PRODUCTEN}[2]/ToewijzingNummer"))
    bericht.set(f"{_PRODUCTEN}[3]/Toewijzingstijd", None)
    data = bericht.bytes()
    oordeel = validate(data, niveau=2)
    gevonden = [(bevinding.code, bevinding.niveau, bevinding.plaats) for bevinding in oordeel.bevindingen]
    assert gevonden == [
        ("RS035", 1, "/Bericht/Header/Afzender"),
        ("CS002", 2, "/Bericht/Client/Bsn"),
        ("XSD", 1, "/Bericht/Client/Geslacht"),
        ("CD007", 2, "/Bericht/Client/Communicatie"),
        ("CS089", 2, "/Bericht/Client/Contactgegevens/Contact[1]/Adres/Postcode"),
        ("CD041", 2, f"{_RIJ}/ToegewezenProduct[1]"),
        ("CS003", 2, f"{_RIJ}/ToegewezenProduct[2]/Einddatum"),
        ("CS336", 2, f"{_RIJ}/ToegewezenProduct[3]/RedenWijziging"),
        ("XSD", 1, f"{_RIJ}/ToegewezenProduct[4]"),
        ("TR101", 2, f"{_RIJ}/ToegewezenProduct[4]/ToewijzingNummer"),
    ]
    regels = data.decode().splitlines()
    for bevinding in oordeel.bevindingen:
        element = bevinding.plaats.rpartition("/")[2].partition("[")[0]
        assert f":{element}>" in regels[bevinding.regel - 1]
        assert bevinding.melding.endswith(".")
        assert bevinding.waarde is None or bevinding.waarde in regels[bevinding.regel - 1]
    assert not oordeel.geldig
