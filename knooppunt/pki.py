"""A test authority: certificates with an OIN in `subject.serialNumber`, for the demo, for tests and for trying out.

The shape follows the private root of PKIoverheid as Digikoppeling uses it (Beveiligingsstandaarden en voorschriften,
§2: OIN of 20 digits in subject.serialNumber), but every name says TEST and nobody but a test should trust it.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CLIENT = ExtendedKeyUsageOID.CLIENT_AUTH
SERVER = ExtendedKeyUsageOID.SERVER_AUTH
HUB_OIN = "00000001999999990000"
"""OIN of the hub in the demo; the range is ours, no organisation has it."""

_OIN = re.compile(r"[0-9]{20}")
_NAAM = re.compile(r"[a-z0-9][a-z0-9_-]{0,40}")
_DAG = dt.timedelta(days=1)


class PkiFout(ValueError):
    """Something that was asked of the test authority and cannot be done; the text is Dutch."""


@dataclass(frozen=True, slots=True)
class Uitgifte:
    """A certificate and its private key, both PEM."""

    certificaat: bytes
    sleutel: bytes

    def write(self, map_: Path, stam: str) -> tuple[Path, Path]:
        """Write ``stam.pem`` and ``stam.key`` (mode 0600) and return both paths; what stands there is replaced."""
        certificaat, sleutel = map_ / f"{stam}.pem", map_ / f"{stam}.key"
        _write(certificaat, self.certificaat, 0o644)
        _write(sleutel, self.sleutel, 0o600)
        return certificaat, sleutel


class Proefautoriteit:
    """A root that signs test certificates; make one with `create`, or read an earlier one with `read`."""

    def __init__(self, certificaat: x509.Certificate, sleutel: ec.EllipticCurvePrivateKey) -> None:
        self._certificaat = certificaat
        self._sleutel = sleutel

    @classmethod
    def create(cls, naam: str = "Knooppunt TEST root", *, dagen: int = 3650) -> Proefautoriteit:
        """Make a new root that is valid for `dagen` days."""
        sleutel = ec.generate_private_key(ec.SECP256R1())
        onderwerp = _subject(naam, None)
        nu = dt.datetime.now(dt.UTC)
        certificaat = (
            _builder(onderwerp, onderwerp, sleutel.public_key(), nu - _DAG, nu + dagen * _DAG)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(ca=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(sleutel.public_key()), critical=False)
            .sign(sleutel, hashes.SHA256())
        )
        return cls(certificaat, sleutel)

    @classmethod
    def read(cls, map_: Path) -> Proefautoriteit:
        """Read ``ca.pem`` and ``ca.key`` from a folder that `write` filled.

        Raises:
            PkiFout: one of both is absent or not what it should be.
        """
        try:
            certificaat = x509.load_pem_x509_certificate((map_ / "ca.pem").read_bytes())
            sleutel = serialization.load_pem_private_key((map_ / "ca.key").read_bytes(), password=None)
        except (OSError, ValueError, TypeError):
            raise PkiFout(f"In {map_} staat geen leesbare testautoriteit (ca.pem en ca.key).") from None
        if not isinstance(sleutel, ec.EllipticCurvePrivateKey) or sleutel.public_key() != certificaat.public_key():
            raise PkiFout(f"In {map_} horen ca.pem en ca.key niet bij elkaar.")
        return cls(certificaat, sleutel)

    @property
    def pem(self) -> bytes:
        """The root certificate, PEM."""
        return self._certificaat.public_bytes(serialization.Encoding.PEM)

    def write(self, map_: Path) -> Path:
        """Write ``ca.pem`` and ``ca.key`` and return the path of the first."""
        return Uitgifte(self.pem, _private_pem(self._sleutel)).write(map_, "ca")[0]

    def issue(
        self,
        naam: str,
        oin: str | None = None,
        *,
        doelen: Iterable[x509.ObjectIdentifier] = (SERVER, CLIENT),
        hosts: Iterable[str] = ("localhost", "127.0.0.1", "::1"),
        van: dt.datetime | None = None,
        tot: dt.datetime | None = None,
    ) -> Uitgifte:
        """Sign a certificate.

        Args:
            naam: common name.
            oin: 20 digits for `subject.serialNumber`; None leaves the attribute out.
            doelen: extended key usages.
            hosts: DNS names and IP addresses for the subject alternative name.
            van: start of validity, yesterday when None.
            tot: end of validity, 825 days from now when None.

        Raises:
            PkiFout: the OIN is not 20 digits.
        """
        if oin is not None and not _OIN.fullmatch(oin):
            raise PkiFout(f"Een OIN heeft 20 cijfers; dit is geen OIN: {oin}")
        nu = dt.datetime.now(dt.UTC)
        sleutel = ec.generate_private_key(ec.SECP256R1())
        publiek = sleutel.public_key()
        eigen = self._certificaat.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        certificaat = (
            _builder(_subject(naam, oin), self._certificaat.subject, publiek, van or nu - _DAG, tot or nu + 825 * _DAG)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(ca=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(doelen), critical=False)
            .add_extension(x509.SubjectAlternativeName([_host(host) for host in hosts]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(publiek), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(eigen), critical=False)
            .sign(self._sleutel, hashes.SHA256())
        )
        return Uitgifte(certificaat.public_bytes(serialization.Encoding.PEM), _private_pem(sleutel))


def make_demo(map_: Path, partijen: Iterable[tuple[str, str]], *, vervang: bool = False) -> list[Path]:
    """Fill a folder: the authority (``ca``), the hub (``hub``), and one certificate per partij.

    A folder that already holds an authority keeps it, and its hub; only the partijen are added.

    Args:
        map_: the folder; made when absent.
        partijen: file name without extension (also the common name) and OIN.
        vervang: throw away what stands there, the authority too.

    Returns:
        The certificates that were written, in order.

    Raises:
        PkiFout: a name or OIN is unusable, or a certificate exists and `vervang` is not given. Nothing is written then.
    """
    partijen = list(partijen)
    for naam, oin in partijen:
        if not _NAAM.fullmatch(naam) or naam in {"ca", "hub"}:
            raise PkiFout(f"De naam {naam!r} kan niet: kleine letters, cijfers, - en _, en niet ca of hub.")
        if not _OIN.fullmatch(oin):
            raise PkiFout(f"Een OIN heeft 20 cijfers; dit is geen OIN: {oin}")
        if not vervang and any((map_ / f"{naam}.{soort}").exists() for soort in ("pem", "key")):
            raise PkiFout(f"{map_ / naam}.pem bestaat al; geef --vervang om alles in {map_} opnieuw te maken.")
    if len({naam for naam, _ in partijen}) < len(partijen):
        raise PkiFout("Een naam komt tweemaal voor.")
    geschreven: list[Path] = []
    if (map_ / "ca.pem").exists() and not vervang:
        if not partijen:
            raise PkiFout(f"{map_ / 'ca.pem'} bestaat al; geef --vervang om alles in {map_} opnieuw te maken.")
        autoriteit = Proefautoriteit.read(map_)
    else:
        map_.mkdir(parents=True, exist_ok=True, mode=0o700)
        autoriteit = Proefautoriteit.create()
        geschreven.append(autoriteit.write(map_))
        geschreven.append(autoriteit.issue("hub (TEST)", HUB_OIN).write(map_, "hub")[0])
    geschreven += [autoriteit.issue(f"{naam} (TEST)", oin).write(map_, naam)[0] for naam, oin in partijen]
    return geschreven


def fingerprint(certificaat: bytes) -> str:
    """SHA-256 over the DER of a PEM certificate, hex, as `Identiteit.vingerafdruk` carries it."""
    return x509.load_pem_x509_certificate(certificaat).fingerprint(hashes.SHA256()).hex()


def _subject(naam: str, oin: str | None) -> x509.Name:
    delen = [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "NL"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "TEST, niet vertrouwen"),
        x509.NameAttribute(NameOID.COMMON_NAME, naam),
    ]
    if oin is not None:
        delen.append(x509.NameAttribute(NameOID.SERIAL_NUMBER, oin))
    return x509.Name(delen)


def _builder(
    onderwerp: x509.Name,
    uitgever: x509.Name,
    sleutel: CertificateIssuerPublicKeyTypes,
    van: dt.datetime,
    tot: dt.datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(onderwerp)
        .issuer_name(uitgever)
        .public_key(sleutel)
        .serial_number(x509.random_serial_number())
        .not_valid_before(van)
        .not_valid_after(tot)
    )


def _key_usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        key_cert_sign=ca,
        crl_sign=ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _private_pem(sleutel: ec.EllipticCurvePrivateKey) -> bytes:
    return sleutel.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(pad: Path, inhoud: bytes, rechten: int) -> None:
    pad.unlink(missing_ok=True)  # an existing file would keep its own, perhaps wider, mode
    with os.fdopen(os.open(pad, os.O_WRONLY | os.O_CREAT | os.O_EXCL, rechten), "wb") as bestand:
        bestand.write(inhoud)
