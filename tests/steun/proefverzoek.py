"""One small bericht, and the same with a fault of level 1."""

from __future__ import annotations

from istandaarden.catalogus import ingebouwd
from istandaarden.opbouw import build

KOP = {
    "Afzender": "42420001",
    "Ontvanger": "0384",
    "BerichtIdentificatie": {"Identificatie": "B1", "Dagtekening": "2025-04-01"},
    "XsdVersie": {"BasisschemaXsdVersie": "1.0.0", "BerichtXsdVersie": "1.0.0"},
}
JW317 = build(
    ingebouwd().find("JW317", "3.2"),
    {
        "Header": KOP,
        "Client": {
            "Bsn": "999900006",
            "Verzoek": {
                "ReferentieAanbieder": "R1",
                "RedenVerzoek": "1",
                "TeWijzigenProducten": {
                    "TeWijzigenProduct": [{"ToewijzingNummer": 1, "GewensteIngangsdatum": "2025-05-01"}]
                },
            },
        },
    },
)
FOUT = JW317.replace(b">999900006<", b">99990000X<")
