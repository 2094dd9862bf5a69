"""A payload keeps its bytes, whatever its size and however it arrives."""

from __future__ import annotations

import hashlib
import os

import pytest
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
