"""Level 3: a start or stop against the toewijzing, and against earlier starts and stops (305, 307).

Removals are judged, and taken into account, before what is new in the same bericht (IV008). What is removed is judged
on the removal only: TR063 and TR071.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

from istandaarden.regels.bericht import Bericht, Klasse, leesbaar
from istandaarden.regels.boek import Overtreding, regel
from istandaarden.regels.keten import Keten, Levering, Stop, levering_of, nummer_of, relatie_of, stop_of

_NIEUW, _VERWIJDEREN = "1", "3"


class _Gestopt(NamedTuple):
    """What the stops of one levering say together."""

    tijdelijk: bool
    voorgoed: bool
    tot: date

    def plus(self, stop: Stop) -> _Gestopt:
        """Add a stop."""
        einde = max(self.tot, stop.einde)
        return _Gestopt(self.tijdelijk or stop.tijdelijk, self.voorgoed or not stop.tijdelijk, einde)


_NOG_NIET = _Gestopt(tijdelijk=False, voorgoed=False, tot=date.min)


@regel("TR019", advies="Neem het nummer over uit de toewijzing; bij taakgericht werk blijft het weg.")
def toewijzing_exists(bericht: Bericht, keten: Keten) -> Iterator[Overtreding]:
    """A number names a toewijzing of this client; one that was deleted can still be stopped, but not started on."""
    relatie = relatie_of(bericht)
    bekend = {toewijzing.nummer: toewijzing for toewijzing in keten.toewijzingen(relatie, _bsn(bericht))}
    for product, nummer in leesbaar(_with_status(bericht, _NIEUW), nummer_of):
        toewijzing = bekend.get(nummer or "")
        if nummer is None or (toewijzing is not None and product.naam == "StopProduct"):
            continue
        if toewijzing is None:
            yield Overtreding(product, "ToewijzingNummer")
        elif toewijzing.verwijderd:
            yield Overtreding(product, "ToewijzingNummer", "De toewijzing is verwijderd.")


@regel("TR063", advies="Neem de sleutel over van de aanlevering die u wilt verwijderen.")
def removed_exists(bericht: Bericht, keten: Keten) -> Iterator[Overtreding]:
    """Only what was sent, and was not removed since, can be removed."""
    relatie, bsn = relatie_of(bericht), _bsn(bericht)
    bekend = {*keten.starts(relatie, bsn), *keten.stops(relatie, bsn)}
    for product, sleutel in leesbaar(_with_status(bericht, _VERWIJDEREN), _key):
        if sleutel not in bekend:
            yield Overtreding(product, "StatusAanlevering", "Er is niets aangeleverd met deze sleutel.")


@regel("TR071", advies="Verwijder eerst de stop.")
def removed_start_is_not_stopped(bericht: Bericht, keten: Keten) -> Iterator[Overtreding]:
    """A start with a stop on it stays."""
    gestopt = {stop.levering for stop in keten.stops(relatie_of(bericht), _bsn(bericht))}
    for product, levering in leesbaar(_with_status(bericht, _VERWIJDEREN), levering_of):
        if product.naam == "StartProduct" and levering in gestopt:
            yield Overtreding(product, "StatusAanlevering")


@regel("TR074", advies="Laat de regel weg als zij al is ontvangen, of verwijder eerst de eerdere met status 3.")
def key_is_new(bericht: Bericht, keten: Keten) -> Iterator[Overtreding]:
    """What is sent for the first time was not sent before."""
    bekend = {*_running_starts(bericht, keten), *_standing_stops(bericht, keten)}
    for product, sleutel in leesbaar(_with_status(bericht, _NIEUW), _key):
        if sleutel in bekend:
            yield Overtreding(product, "StatusAanlevering")


@regel("TR326", advies="Meld eerst de stop van de lopende levering, of verwijder haar start met status 3.")
def no_start_runs(bericht: Bericht, keten: Keten) -> Iterator[Overtreding]:
    """For one toewijzing, or one product without a toewijzing, one levering runs at a time.

    The same start again is for TR074.
    """
    gestopt = {stop.levering for stop in _standing_stops(bericht, keten)}
    lopend: dict[object, set[Levering]] = {}
    for levering in _running_starts(bericht, keten):
        if levering not in gestopt:
            lopend.setdefault(levering.waarvoor, set()).add(levering)
    for product, levering in leesbaar(_with_status(bericht, _NIEUW, "StartProduct"), levering_of):
        anderen = lopend.setdefault(levering.waarvoor, set())
        if len(anderen) > (levering in anderen):
            yield Overtreding(product, "Begindatum")
        anderen.add(levering)


@regel("TR382", advies="Neem toewijzing, product en begindatum over uit het laatste startbericht.")
def stop_has_a_start(bericht: Bericht, keten: Keten) -> Iterator[Overtreding]:
    """A stop repeats the key of a start that runs, or of the last start if that stopped for a while.

    A start that stopped for good is for TR415.
    """
    starts, stops = set(_running_starts(bericht, keten)), _standing_stops(bericht, keten)
    gestopt = {stop.levering for stop in stops}
    voorgoed = {stop.levering for stop in stops if not stop.tijdelijk}
    laatste: dict[object, Levering] = {}
    for start in starts:
        if start.waarvoor not in laatste or laatste[start.waarvoor].begin <= start.begin:
            laatste[start.waarvoor] = start
    for product, levering in leesbaar(_with_status(bericht, _NIEUW, "StopProduct"), levering_of):
        if levering in voorgoed or (levering in starts and levering not in gestopt):
            continue
        if laatste.get(levering.waarvoor) != levering:
            yield Overtreding(product, "Begindatum", "Er is geen lopende start met deze sleutel.")


@regel("TR413", advies="Meld een definitieve stop, of eerst een nieuwe start.")
def one_temporary_stop(bericht: Bericht, keten: Keten) -> Iterator[Overtreding]:
    """What stopped for a while does not stop for a while again."""
    for product, stop, eerder in _judged_stops(bericht, keten):
        if stop.tijdelijk and eerder.tijdelijk:
            yield Overtreding(product, "RedenBeeindiging")


@regel("TR414", advies="Verbeter de einddatum, of verwijder eerst de eerdere stop.")
def stops_go_forward(bericht: Bericht, keten: Keten) -> Iterator[Overtreding]:
    """A later stop of the same levering does not end earlier."""
    for product, stop, eerder in _judged_stops(bericht, keten):
        if stop.einde < eerder.tot:
            yield Overtreding(product, "Einddatum")


@regel("TR415", advies="Meld eerst een nieuwe start, of verwijder de eerdere stop.")
def nothing_after_the_end(bericht: Bericht, keten: Keten) -> Iterator[Overtreding]:
    """What stopped for good does not stop again."""
    for product, _, eerder in _judged_stops(bericht, keten):
        if eerder.voorgoed:
            yield Overtreding(product, "RedenBeeindiging")


def _judged_stops(bericht: Bericht, keten: Keten) -> Iterator[tuple[Klasse, Stop, _Gestopt]]:
    """Give each new stop with what stopped before on the same levering; one with a known key is for TR074.

    Within a bericht the end decides which comes first: the order of its lines means nothing.
    """
    bekend = set(_standing_stops(bericht, keten))
    eerder: dict[Levering, _Gestopt] = {}
    for stop in bekend:
        eerder[stop.levering] = eerder.get(stop.levering, _NOG_NIET).plus(stop)
    nieuw = sorted(
        leesbaar(_with_status(bericht, _NIEUW, "StopProduct"), stop_of),
        key=lambda paar: (paar[1].einde, not paar[1].tijdelijk),
    )
    for product, stop in nieuw:
        if stop not in bekend:
            gestopt = eerder.get(stop.levering, _NOG_NIET)
            yield product, stop, gestopt
            bekend.add(stop)
            eerder[stop.levering] = gestopt.plus(stop)


def _running_starts(bericht: Bericht, keten: Keten) -> list[Levering]:
    """Give the known starts without those that this bericht removes."""
    weg = {levering_of(product) for product in _with_status(bericht, _VERWIJDEREN, "StartProduct")}
    return [start for start in keten.starts(relatie_of(bericht), _bsn(bericht)) if start not in weg]


def _standing_stops(bericht: Bericht, keten: Keten) -> list[Stop]:
    """Give the known stops without those that this bericht removes."""
    weg = {stop_of(product) for product in _with_status(bericht, _VERWIJDEREN, "StopProduct")}
    return [stop for stop in keten.stops(relatie_of(bericht), _bsn(bericht)) if stop not in weg]


def _with_status(bericht: Bericht, status: str, *namen: str) -> Sequence[Klasse]:
    producten = (product for naam in namen or ("StartProduct", "StopProduct") for product in bericht.klassen(naam))
    return [p for p, waarde in leesbaar(producten, lambda p: p.tekst("StatusAanlevering")) if waarde == status]


def _key(product: Klasse) -> Levering | Stop:
    return levering_of(product) if product.naam == "StartProduct" else stop_of(product)


def _bsn(bericht: Bericht) -> str:
    return bericht.wortel.tekst("Client/Bsn") or ""
