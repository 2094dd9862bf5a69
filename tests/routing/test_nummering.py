"""A number of ours is a UUID as everybody else's."""

from __future__ import annotations

import uuid

from routing.nummering import new_uuid


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
