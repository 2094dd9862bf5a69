"""Level 3: whether a bericht was seen before, and whether its client is known."""

from __future__ import annotations

from collections.abc import Iterator

from istandaarden.regels.bericht import Bericht, Klasse
from istandaarden.regels.boek import Overtreding, klasseregel, regel
from istandaarden.regels.keten import Keten, number_of, relatie_of


@regel("TR056", advies="Geef elk bericht een eigen identificatie, ook als het een verbeterde versie is.")
def identificatie_is_new(bericht: Bericht, keten: Keten) -> Iterator[Overtreding]:
    """A sender uses an identificatie once per berichtsoort."""
    pad = "Header/BerichtIdentificatie/Identificatie"
    afzender, identificatie = bericht.header("Afzender") or "", bericht.wortel.tekst(pad) or ""
    if keten.is_used(bericht.standaard, afzender, number_of(bericht.soort), identificatie):
        yield Overtreding(bericht.wortel, pad)


@klasseregel("TR304", "Client", advies="Controleer het BSN, en of de gemeente en de aanbieder in de Header kloppen.")
def client_is_known(client: Klasse, bericht: Bericht, keten: Keten) -> Overtreding | None:
    """Who is changed, declared or answered for, was named before between these two."""
    bsn = client.tekst("Bsn") or ""
    return None if keten.knows_client(relatie_of(bericht), bsn) else Overtreding(client, "Bsn")
