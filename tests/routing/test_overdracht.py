from __future__ import annotations

from routing.bericht import Berichtcode, Envelop, Stuurgegevens, Systeem
from routing.overdracht import Overdracht
from routing.payload import DREMPEL, Payload

_ENVELOP = Envelop(
    Stuurgegevens(Berichtcode.DI01, Systeem("0363"), Systeem("90000001"), "ref", "20260105120000", functie="WMO301")
)


def test_what_was_put_is_taken_once():
    overdracht, payload = Overdracht(), Payload(b"<Bericht/>")
    overdracht.put("a", _ENVELOP, payload)
    genomen = overdracht.take("a")
    assert genomen is not None
    assert genomen.envelop is _ENVELOP
    assert genomen.payload is payload
    assert overdracht.take("a") is None


def test_the_oldest_make_room_and_room_that_is_given_back_is_used_again():
    overdracht = Overdracht(ruimte=100)
    for naam in "abc":
        overdracht.put(naam, _ENVELOP, Payload(b"x" * 40))
    assert overdracht.take("a") is None
    assert overdracht.take("b") is not None
    overdracht.put("d", _ENVELOP, Payload(b"x" * 60))
    assert overdracht.take("c") is not None
    assert overdracht.take("d") is not None


def test_what_is_larger_than_all_room_or_lives_compressed_is_not_kept():
    overdracht = Overdracht(ruimte=10)
    overdracht.put("a", _ENVELOP, Payload(b"x" * 11))
    assert overdracht.take("a") is None
    ruim = Overdracht(ruimte=10 * DREMPEL)
    ruim.put("b", _ENVELOP, Payload(b"x" * (DREMPEL + 1)))
    assert ruim.take("b") is None
