"""Sealing: what is read back, what is noticed, and which keys are refused."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.kluis import Kluis, KluisFout, Verzegeld
from routing.payload import Payload


@pytest.fixture(scope="module")
def kluis(tmp_path_factory: pytest.TempPathFactory) -> Kluis:
    return Kluis.create(tmp_path_factory.mktemp("kluis") / "sleutels")


@given(inhoud=st.binary(max_size=2000))
def test_what_is_sealed_comes_back(kluis: Kluis, inhoud: bytes):
    assert kluis.open("b1", "payload", kluis.seal("b1", "payload", inhoud)) == inhoud


def test_nothing_of_the_content_is_to_be_seen(kluis: Kluis):
    verzegeld = kluis.seal("b1", "payload", b"Jansen 999900006" * 10)
    assert b"Jansen" not in verzegeld.inhoud + verzegeld.datasleutel
    assert kluis.seal("b1", "payload", b"Jansen 999900006" * 10).inhoud != verzegeld.inhoud


@pytest.mark.parametrize("veld", ["inhoud", "datasleutel"])
@pytest.mark.parametrize("plek", [0, 15, -1])
def test_every_changed_byte_is_noticed(kluis: Kluis, veld: str, plek: int):
    verzegeld = kluis.seal("b1", "payload", b"x" * 100)
    vervalst = bytearray(getattr(verzegeld, veld))
    vervalst[plek] ^= 1
    with pytest.raises(KluisFout, match="bericht b1 is beschadigd"):
        kluis.open("b1", "payload", replace(verzegeld, **{veld: bytes(vervalst)}))


@pytest.mark.parametrize("veld", ["inhoud", "datasleutel"])
@pytest.mark.parametrize("lengte", [0, 5, 12, 27])
def test_truncation_is_noticed(kluis: Kluis, veld: str, lengte: int):
    verzegeld = kluis.seal("b1", "payload", b"x" * 100)
    with pytest.raises(KluisFout, match="beschadigd"):
        kluis.open("b1", "payload", replace(verzegeld, **{veld: getattr(verzegeld, veld)[:lengte]}))


def test_rows_and_fields_cannot_be_swapped(kluis: Kluis):
    """Attack 78: what belongs to one bericht, or one field, does not open as another."""
    een, twee = kluis.seal("b1", "payload", b"een"), kluis.seal("b2", "payload", b"twee")
    for bericht_id, veld, verzegeld in (
        ("b2", "payload", een),
        ("b1", "bijlage", een),
        ("b1", "payload", replace(een, inhoud=twee.inhoud)),
        ("b1", "payload", replace(een, datasleutel=twee.datasleutel)),
        ("b1", "payload", twee),
    ):
        with pytest.raises(KluisFout):
            kluis.open(bericht_id, veld, verzegeld)


def test_the_newest_key_seals_and_older_ones_still_open(tmp_path: Path):
    eerste = Kluis.create(tmp_path)
    oud = eerste.seal("b1", "payload", b"oud")
    tweede = Kluis.create(tmp_path)
    assert tweede.actief != eerste.actief
    assert tweede.seal("b2", "payload", b"nieuw").sleutel_id == tweede.actief
    assert tweede.open("b1", "payload", oud) == b"oud"
    assert Kluis(tmp_path).actief == tweede.actief


def test_a_key_that_is_gone_is_named(tmp_path: Path, kluis: Kluis):
    verzegeld = kluis.seal("b1", "payload", b"x")
    with pytest.raises(KluisFout, match=kluis.actief):
        Kluis.create(tmp_path).open("b1", "payload", verzegeld)


def test_a_key_file_is_private(tmp_path: Path):
    Kluis.create(tmp_path / "sleutels")
    (bestand,) = (tmp_path / "sleutels").iterdir()
    assert bestand.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "sleutels").stat().st_mode & 0o777 == 0o700
    bestand.chmod(0o640)
    with pytest.raises(KluisFout, match="chmod 600"):
        Kluis(tmp_path / "sleutels")


def test_bad_key_folders_are_explained(tmp_path: Path):
    with pytest.raises(KluisFout, match="geen sleutel"):
        Kluis(tmp_path / "weg")
    os.close(os.open(tmp_path / "kort.sleutel", os.O_CREAT | os.O_WRONLY, 0o600))
    with pytest.raises(KluisFout, match="32 bytes lang zijn, niet 0"):
        Kluis(tmp_path)
    (tmp_path / "kort.sleutel").rename(tmp_path / "met spatie.sleutel")
    with pytest.raises(KluisFout, match="geldige naam"):
        Kluis(tmp_path)


@pytest.mark.parametrize("grootte", [0, 1, 300_000])
def test_a_stream_gives_the_payload_as_often_as_asked(kluis: Kluis, grootte: int):
    payload = Payload(os.urandom(grootte))
    verzegeld = kluis.seal("b1", "payload", payload.compressed)
    uit = kluis.open_stream("b1", "payload", verzegeld, size=payload.size, digest=payload.digest)
    for _ in range(2):
        stukken = list(uit.chunks())
        assert b"".join(stukken) == b"".join(payload.chunks())
        assert all(len(stuk) <= 128 * 1024 for stuk in stukken)


def test_a_stream_that_is_not_what_was_received_fails(kluis: Kluis):
    payload = Payload(b"abc")
    verzegeld = kluis.seal("b1", "payload", payload.compressed)
    for size, digest in ((4, payload.digest), (3, Payload(b"abd").digest)):
        with pytest.raises(KluisFout, match="niet wat er ontvangen is"):
            list(kluis.open_stream("b1", "payload", verzegeld, size=size, digest=digest).chunks())
    geen_zstd = kluis.seal("b1", "payload", b"geen zstd")
    with pytest.raises(KluisFout, match="niet uit te pakken"):
        list(kluis.open_stream("b1", "payload", geen_zstd, size=3, digest=payload.digest).chunks())


def test_a_verzegeld_shows_no_secret_in_its_form(kluis: Kluis):
    verzegeld = kluis.seal("b1", "payload", b"x" * 10)
    assert isinstance(verzegeld, Verzegeld)
    assert len(verzegeld.inhoud) == 10 + 16
    assert len(verzegeld.datasleutel) == 12 + 32 + 12 + 16


def test_keys_for_other_purposes_follow_from_each_key_and_tell_nothing_of_it(tmp_path: Path) -> None:
    kluis = Kluis.create(tmp_path / "sleutels")
    eerste = kluis.derive("dossier")
    assert eerste == Kluis(tmp_path / "sleutels").derive("dossier")
    assert eerste != kluis.derive("iets anders")
    assert set(eerste) == {kluis.actief}
    assert (tmp_path / "sleutels" / f"{kluis.actief}.sleutel").read_bytes() not in eerste.values()
    assert len(Kluis.create(tmp_path / "sleutels").derive("dossier").keys() - eerste.keys()) == 1
