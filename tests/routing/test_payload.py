"""A payload keeps its bytes, whatever its size and however it arrives."""

from __future__ import annotations

import hashlib
import os

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from routing.payload import DREMPEL, Payload, decompress


@given(st.lists(st.binary(max_size=2000), max_size=20))
def test_keeps_every_byte_across_any_pieces(delen: list[bytes]) -> None:
    payload = Payload()
    for deel in delen:
        payload.write(deel)
    payload.finish()
    geheel = b"".join(delen)
    assert payload.plain == geheel
    assert b"".join(payload.chunks()) == geheel
    assert b"".join(decompress(payload.compressed)) == geheel
    assert (payload.size, payload.digest) == (len(geheel), hashlib.sha256(geheel).hexdigest())


@pytest.mark.parametrize("grootte", [DREMPEL - 1, DREMPEL, DREMPEL + 1, 3 * DREMPEL + 7])
def test_large_one_is_held_compressed_only(grootte: int) -> None:
    geheel = os.urandom(grootte)
    payload = Payload()
    for begin in range(0, grootte, 10_000):
        payload.write(geheel[begin : begin + 10_000])
    payload.finish()
    assert (payload.plain is None) == (grootte > DREMPEL)
    assert b"".join(payload.chunks()) == geheel
    assert payload.digest == hashlib.sha256(geheel).hexdigest()


_BLOK = 128 * 1024


@pytest.mark.parametrize("grootte", [1, _BLOK - 1, _BLOK, _BLOK + 1, DREMPEL, 3 * DREMPEL + 7])
def test_is_unpacked_a_piece_at_a_time_also_two_in_turn(grootte: int) -> None:
    een, ander = os.urandom(grootte), os.urandom(grootte)
    beide = [decompress(Payload(data).compressed) for data in (een, ander)]
    delen = list(zip(*beide, strict=True))
    assert b"".join(deel for deel, _ in delen) == een
    assert b"".join(deel for _, deel in delen) == ander
    assert max(len(deel) for deel, _ in delen) <= _BLOK


def test_frame_that_holds_more_or_less_than_it_says_is_not_unpacked() -> None:
    frame = Payload(bytes(100) + os.urandom(100)).compressed
    assert zstandard.frame_content_size(frame) == 200
    plek = frame.index(200, 4)
    for schade in (frame[:-3], frame[:plek] + bytes((150,)) + frame[plek + 1 :]):
        with pytest.raises(zstandard.ZstdError):
            b"".join(decompress(schade))


def test_a_payload_that_has_ended_does_not_end_again():
    payload = Payload(b"<x/>")
    with pytest.raises(RuntimeError, match="ended"):
        payload.finish()
    assert b"".join(payload.chunks()) == b"<x/>"
