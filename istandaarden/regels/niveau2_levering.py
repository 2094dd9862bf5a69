"""Level 2: start and stop of a levering (305, 307), and dates that may not lie after the bericht itself."""

from __future__ import annotations

from istandaarden.regels.bericht import Bericht, Klasse
from istandaarden.regels.boek import Overtreding, klasseregel

_DATUM = {
    "Geboortedatum": "Datum",
    "ToegewezenProduct": "Toewijzingsdatum",
    "StartProduct": "Begindatum",
    "StopProduct": "Einddatum",
    "DeclaratiePeriode": "Begindatum",
    "ProductPeriode": "Begindatum",
}


@klasseregel("CS058", "StartProduct StopProduct", advies="Verwijder met 3 en lever opnieuw aan met 1.")
def status(product: Klasse, _bericht: Bericht) -> Overtreding | None:
    """A start or stop is new or deleted, never changed."""
    return Overtreding(product, "StatusAanlevering") if product.tekst("StatusAanlevering") in {"2", "9"} else None


@klasseregel("TR018", "StopProduct", advies="Verbeter de begin- of de einddatum.")
def stop_after_start(stop: Klasse, _bericht: Bericht) -> Overtreding | None:
    """A levering does not stop before it begins."""
    begin, einde = stop.datum("Begindatum"), stop.datum("Einddatum")
    return Overtreding(stop, "Einddatum") if begin is not None and einde is not None and einde < begin else None


@klasseregel("TR134", " ".join(_DATUM), advies="Verbeter de datum, of de dagtekening als die niet klopt.")
def not_in_future(klasse: Klasse, bericht: Bericht) -> Overtreding | None:
    """What a bericht reports has happened when it is written."""
    dag, nu = klasse.datum(_DATUM[klasse.naam]), bericht.dagtekening
    return Overtreding(klasse, _DATUM[klasse.naam]) if dag is not None and nu is not None and dag > nu else None
