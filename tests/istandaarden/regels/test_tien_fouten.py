"""Ten different mistakes in one bericht are ten findings in one go."""

from __future__ import annotations

from pathlib import Path

from istandaarden.toets import validate

_RIJ = "/Bericht/Client/ToegewezenProducten"
_BERICHT = Path(__file__).parents[2] / "voorbeeld" / "WMO301-tien-fouten.xml"
"""The README shows what is said of it."""


def test_ten_mistakes():
    """Of level 1 and level 2, next to each other: each with its code, line, place and what to do."""
    data = _BERICHT.read_bytes()
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
