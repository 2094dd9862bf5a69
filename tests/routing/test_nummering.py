"""A number of ours is a UUID as everybody else's; a key of ours begins with its moment."""

from __future__ import annotations

import time
import uuid

from routing.nummering import new_key, new_uuid


def test_a_number_is_a_random_uuid_of_version_4() -> None:
    nummers = {new_uuid() for _ in range(1000)}
    assert len(nummers) == 1000
    for nummer in nummers:
        gelezen = uuid.UUID(nummer)
        assert str(gelezen) == nummer
        assert (gelezen.version, gelezen.variant) == (4, uuid.RFC_4122)
    # Every digit but the one that tells the version takes each value its variant allows.
    plekken = [set(teken) for teken in zip(*nummers, strict=True)]
    assert [len(teken) for teken in plekken if teken != {"-"}] == [16] * 12 + [1] + [16] * 3 + [4] + [16] * 15


def test_a_key_is_a_uuid_of_version_7_that_stands_beside_those_of_its_moment() -> None:
    voor = time.time_ns() // 1_000_000
    sleutels = [new_key() for _ in range(1000)]
    na = time.time_ns() // 1_000_000
    assert len(set(sleutels)) == 1000
    for sleutel in sleutels:
        gelezen = uuid.UUID(sleutel)
        assert str(gelezen) == sleutel
        assert (gelezen.version, gelezen.variant) == (7, uuid.RFC_4122)
        assert voor <= gelezen.int >> 80 <= na
    toeval = [set(teken) for teken in zip(*(sleutel[14:] for sleutel in sleutels), strict=True)]
    assert [len(teken) for teken in toeval if teken != {"-"}] == [1] + [16] * 3 + [4] + [16] * 15
