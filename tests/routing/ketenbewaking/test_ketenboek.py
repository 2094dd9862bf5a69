"""What is kept of a schakel can be found again: by the same HMAC, for as long as its key is there."""

from __future__ import annotations

import hmac
from pathlib import Path

from istandaarden.schakels import Rol, Schakel, Schakelsoort
from routing.ketenbewaking.ketenboek import Ketenboek
from routing.kluis import Kluis

SCHAKEL = Schakel(Schakelsoort.TOEWIJZING, ("iwmo", "0363", "90000001", "100"), Rol.DEEL)


def test_a_kenmerk_is_the_hmac_of_what_kind_of_key_and_its_parts(tmp_path: Path) -> None:
    kluis = Kluis.create(tmp_path)
    sleutel = kluis.derive("keten")[kluis.actief]
    boek = Ketenboek(kluis)
    verwacht = hmac.digest(sleutel, b"toewijzing\x1fiwmo\x1f0363\x1f90000001\x1f100", "sha256")[:16]
    assert [g.kenmerk for g in boek.mark((SCHAKEL, SCHAKEL))] == [verwacht, verwacht]


def test_a_newer_key_leaves_the_older_kenmerk_beside_its_own(tmp_path: Path) -> None:
    (oud,) = Ketenboek(Kluis.create(tmp_path)).mark((SCHAKEL,))
    (nieuw,) = Ketenboek(Kluis.create(tmp_path)).mark((SCHAKEL,))
    assert nieuw.kenmerk != oud.kenmerk
    assert nieuw.ouder == (oud.kenmerk,)
