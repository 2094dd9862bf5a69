from __future__ import annotations

import datetime as dt
import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509.oid import NameOID
from cryptography.x509.verification import PolicyBuilder, Store
from typer.testing import CliRunner

from knooppunt.cli import app
from knooppunt.pki import HUB_OIN, PkiFout, Proefautoriteit, fingerprint, make_demo
from knooppunt.tls import read_certificate

OIN = "00000001999999990001"


def read(pad: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pad.read_bytes())


def test_the_chain_verifies_for_server_and_client(pki: Path):
    bouwer = PolicyBuilder().store(Store([read(pki / "ca.pem")])).time(dt.datetime.now(dt.UTC))
    hub = read(pki / "hub.pem")
    assert len(bouwer.build_server_verifier(x509.DNSName("localhost")).verify(hub, [])) == 2
    assert len(bouwer.build_client_verifier().verify(read(pki / "gemeente.pem"), []).chain) == 2


def test_every_certificate_says_test_and_carries_its_oin(pki: Path):
    for naam, oin in (("hub", HUB_OIN), ("gemeente", OIN)):
        certificaat = read(pki / f"{naam}.pem")
        assert [deel.value for deel in certificaat.subject.get_attributes_for_oid(NameOID.SERIAL_NUMBER)] == [oin]
        assert "TEST" in certificaat.subject.rfc4514_string()
        assert "TEST" in certificaat.issuer.rfc4514_string()


def test_keys_are_for_the_owner_only_and_belong_to_their_certificate(pki: Path):
    for naam in ("ca", "hub", "gemeente"):
        sleutel = pki / f"{naam}.key"
        assert stat.S_IMODE(sleutel.stat().st_mode) == 0o600
        geladen = load_pem_private_key(sleutel.read_bytes(), None)
        assert geladen.public_key() == read(pki / f"{naam}.pem").public_key()


def test_nothing_is_overwritten_without_being_told(pki: Path):
    voor = (pki / "gemeente.pem").read_bytes()
    with pytest.raises(PkiFout, match="bestaat al"):
        make_demo(pki, [("nieuw", OIN), ("gemeente", OIN)])
    assert not (pki / "nieuw.pem").exists()
    with pytest.raises(PkiFout, match="bestaat al"):
        make_demo(pki, [])
    assert (pki / "gemeente.pem").read_bytes() == voor


def test_a_partij_comes_later_under_the_same_authority(pki: Path):
    ca = (pki / "ca.pem").read_bytes()
    assert make_demo(pki, [("aanbieder", OIN)]) == [pki / "aanbieder.pem"]
    assert (pki / "ca.pem").read_bytes() == ca
    read(pki / "aanbieder.pem").verify_directly_issued_by(read(pki / "ca.pem"))


def test_vervang_makes_everything_anew_and_narrows_the_mode(pki: Path):
    ca = (pki / "ca.pem").read_bytes()
    (pki / "hub.key").chmod(0o644)
    make_demo(pki, [("gemeente", OIN)], vervang=True)
    assert (pki / "ca.pem").read_bytes() != ca
    assert stat.S_IMODE((pki / "hub.key").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("naam", "oin"),
    [("a", "123"), ("a", "0000000199999999000x"), ("a", "٠" * 20), ("../a", OIN), ("ca", OIN), ("", OIN), ("A B", OIN)],
)
def test_unusable_names_and_oins_are_refused_before_anything_is_written(tmp_path: Path, naam: str, oin: str):
    with pytest.raises(PkiFout):
        make_demo(tmp_path / "pki", [(naam, oin)])
    assert not (tmp_path / "pki").exists()


def test_a_name_twice_is_refused(tmp_path: Path):
    with pytest.raises(PkiFout, match="tweemaal"):
        make_demo(tmp_path / "pki", [("a", OIN), ("a", OIN)])


def test_a_damaged_authority_is_named(pki: Path):
    (pki / "ca.key").write_bytes((pki / "hub.key").read_bytes())
    with pytest.raises(PkiFout, match="niet bij elkaar"):
        make_demo(pki, [("a", OIN)])
    (pki / "ca.key").write_text("geen sleutel")
    with pytest.raises(PkiFout, match="geen leesbare"):
        make_demo(pki, [("a", OIN)])


def test_identity_is_read_from_the_subject(autoriteit: Proefautoriteit):
    def identity(oin: str | None) -> tuple[str | None, str]:
        uitgifte = autoriteit.issue("Gemeente", oin)
        bewijs = read_certificate(
            x509.load_pem_x509_certificate(uitgifte.certificaat).public_bytes(Encoding.DER)
        ).identiteit
        assert bewijs.vingerafdruk == fingerprint(uitgifte.certificaat)
        return bewijs.oin, bewijs.naam

    assert identity(OIN) == (OIN, "Gemeente")
    assert identity(None) == (None, "Gemeente")


def test_the_command_makes_a_folder_and_refuses_twice(tmp_path: Path):
    roep = ["pki", "demo", "--uit", str(tmp_path / "p"), "--naam", "x", "--oin", OIN]
    eerst = CliRunner().invoke(app, roep)
    assert eerst.exit_code == 0
    assert "TEST" in eerst.output
    assert sorted(pad.name for pad in (tmp_path / "p").iterdir()) == [
        f"{naam}.{soort}" for naam in ("ca", "hub", "x") for soort in ("key", "pem")
    ]
    nogmaals = CliRunner().invoke(app, roep)
    assert (nogmaals.exit_code, "--vervang" in nogmaals.output) == (2, True)
    assert CliRunner().invoke(app, [*roep[:-2]]).exit_code == 2
    assert CliRunner().invoke(app, ["pki", "demo", "--uit", "/dev/null/x"]).exit_code == 2
    assert CliRunner().invoke(app, [*roep, "--vervang"]).exit_code == 0
