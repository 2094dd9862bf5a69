"""The files with which the hub of the demo is configured."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from knooppunt.simulatie.ciz import TOKEN, VERSIE1, VERSIE2

MELDTOKEN = "proeftoken"
"""What the hub shows to the webhook, which exists as long as the demo."""

_CONFIGURATIE = """\
# Knooppunt van de demo. Alle bestanden staan in deze map; verwijder de map en alles is weg.

[database]
url = "sqlite:///knooppunt.db"

[sleutels]
map = "sleutels"

[koppelvlak]
adres = "127.0.0.1"
poort = 0                     # een vrije poort; welke het werd, staat in klaar.json
certificaat = "pki/hub.pem"
sleutel = "pki/hub.key"
ca = "pki/ca.pem"

[beheer]
poort = 0

[aflevering]
ladder_eerste_seconden = 0.5   # kort, zodat de demo niet lang wacht
ladder_langste_seconden = 1.5

[vecozo]
ophalen_seconden = 0.5         # het adres staat in het register, bij de partij VECOZO

[brp]
url = "{brp}"
historie_url = "{brp}"
ca = "pki/ca.pem"
certificaat = "pki/hub.pem"
sleutel = "pki/hub.key"

[wlz]
toets_url = "{ciz}{toets}"
kopie_url = "{ciz}{kopie}"
token_url = "{ciz}{token}"
token_client = "knooppunt"
ca = "pki/ca.pem"
certificaat = "pki/hub.pem"
sleutel = "pki/hub.key"
kopie_uren = 0.0006            # elke twee seconden; in het echt eens per dag
kijk_seconden = 1
zorgkantoren = ["5521"]
webhooks = "webhooks.toml"

[notificatie]
interval_seconden = 0.5

[logging]
vorm = "tekst"
toegang = false               # een zorgaanbieder kijkt hier vijf keer per seconde of er iets is
"""

_WEBHOOKS = """\
[[webhook]]
gemeente = "{gemeente}"
url = "{url}"
token_bestand = "meldpunt.token"
ca = "pki/ca.pem"
"""


@dataclass(frozen=True, slots=True)
class Adressen:
    """Where the hub finds what is no partij: the BRP, the Wlz-register, and the webhook of one gemeente."""

    brp: str
    ciz: str
    meldpunt: str
    gemeente: str


def write_configuration(map_: Path, adressen: Adressen) -> Path:
    """Write the configuration of the hub, and what it names beside it; return its path."""
    config = map_ / "knooppunt.toml"
    inhoud = _CONFIGURATIE.format(brp=adressen.brp, ciz=adressen.ciz, toets=VERSIE1, kopie=VERSIE2, token=TOKEN)
    config.write_text(inhoud, "utf-8")
    (map_ / "webhooks.toml").write_text(_WEBHOOKS.format(gemeente=adressen.gemeente, url=adressen.meldpunt), "utf-8")
    (map_ / "meldpunt.token").write_text(MELDTOKEN, "ascii")
    return config
