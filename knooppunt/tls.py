"""TLS: who may connect, whom we trust, and who is at the other end.

Rules: TLS 1.2 or newer, both sides show a certificate, only the configured authority counts (Digikoppeling
Beveiligingsstandaarden en voorschriften §2 and §3; attacks 59-63). The identity comes from the certificate of the
connection and from nothing else: no header takes part.
"""

from __future__ import annotations

import re
import ssl
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from weakref import WeakKeyDictionary

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

from knooppunt.configuratie import ConfiguratieFout, Koppelvlak
from routing.bericht import Identiteit

_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""For TLS 1.2: forward secrecy and authenticated encryption only (NCSC: voldoende or goed)."""

_OIN = re.compile(r"[0-9]{20}")


def server_context(instellingen: Koppelvlak) -> ssl.SSLContext:
    """Context of the koppelvlak: shows our certificate and demands one that the configured authority signed.

    OpenSSL itself refuses a client certificate that is expired, not yet valid, signed by another authority, or whose
    extended key usage leaves out clientAuth.

    Raises:
        ConfiguratieFout: a file is absent, unreadable or not what it should be.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _fill(context, instellingen)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def client_context(instellingen: Koppelvlak) -> ssl.SSLContext:
    """Context for deliveries: shows our certificate and trusts servers of the configured authority only, by name.

    Raises:
        ConfiguratieFout: as for `server_context`.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _fill(context, instellingen)
    return context


def partner_context(
    sectie: str, *, ca: Path | None, certificaat: Path | None = None, sleutel: Path | None = None
) -> ssl.SSLContext:
    """Context for a service outside the koppelvlak, with authorities and a certificate of its own.

    Args:
        sectie: section of the configuration that names the files, for faults.
        ca: authorities whose servers are trusted; those of the machine when None.
        certificaat: our certificate for this service; none is shown when None.
        sleutel: key of `certificaat`.

    Raises:
        ConfiguratieFout: as for `server_context`.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _harden(context, "1.2")
    if certificaat is not None and sleutel is not None:
        _show(context, sectie, certificaat, sleutel)
    if ca is not None:
        _trust(context, sectie, ca)
    else:
        context.load_default_certs()
    return context


def _fill(context: ssl.SSLContext, instellingen: Koppelvlak) -> None:
    _harden(context, instellingen.tls_minimum)
    _show(context, "koppelvlak", instellingen.certificaat, instellingen.sleutel)
    _trust(context, "koppelvlak", instellingen.ca)


def _harden(context: ssl.SSLContext, minimum: str) -> None:
    context.minimum_version = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}[minimum]
    context.set_ciphers(_CIPHERS)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE


def _show(context: ssl.SSLContext, sectie: str, certificaat: Path, sleutel: Path) -> None:
    _check_readable(f"{sectie}.certificaat", certificaat)
    _check_readable(f"{sectie}.sleutel", sleutel)
    try:
        context.load_cert_chain(certificaat, sleutel, password=_no_passphrase)
    except (ssl.SSLError, ValueError):
        raise ConfiguratieFout(
            f"{sectie}.certificaat en {sectie}.sleutel: {certificaat} en {sleutel} zijn "
            "geen PEM-certificaat met de bijbehorende sleutel zonder wachtwoord."
        ) from None


def _trust(context: ssl.SSLContext, sectie: str, ca: Path) -> None:
    _check_readable(f"{sectie}.ca", ca)
    try:
        context.load_verify_locations(ca)
    except ssl.SSLError:
        raise ConfiguratieFout(f"{sectie}.ca: {ca} bevat geen PEM-certificaten.") from None


def _check_readable(sleutel: str, pad: Path) -> None:
    try:
        pad.open("rb").close()
    except OSError:
        raise ConfiguratieFout(
            f"{sleutel}: {pad} is niet te lezen; `knooppunt pki demo` maakt certificaten om te proberen."
        ) from None


def _no_passphrase() -> str:
    raise ValueError  # without this OpenSSL would ask on the terminal


@dataclass(frozen=True, slots=True)
class Bewijs:
    """Whose certificate it is, and its validity in seconds since 1970 UTC."""

    identiteit: Identiteit
    van: float
    tot: float


_BEWIJZEN: WeakKeyDictionary[ssl.SSLObject, Bewijs] = WeakKeyDictionary()
"""By open connection."""


def identify(request: web.Request) -> Identiteit:
    """Say who sent a request, from the certificate that the TLS layer verified.

    Raises:
        aiohttp.web.HTTPForbidden: the connection has no client certificate, or it expired after the connection (or
            the session it resumes) was made.
    """
    transport = request.transport
    tls = transport.get_extra_info("ssl_object") if transport is not None else None
    bewijs = _bewijs(tls) if tls is not None else None
    if bewijs is None:
        raise web.HTTPForbidden(text="Geen cliëntcertificaat.")
    if not bewijs.van <= time.time() <= bewijs.tot:
        raise web.HTTPForbidden(text="Het cliëntcertificaat is niet geldig op dit moment.")
    return bewijs.identiteit


def _bewijs(tls: ssl.SSLObject) -> Bewijs | None:
    """Give what the client of a connection showed: read once, for it cannot change (no renegotiation)."""
    bewijs = _BEWIJZEN.get(tls)
    if bewijs is None and (der := tls.getpeercert(binary_form=True)) is not None:
        bewijs = _BEWIJZEN[tls] = read_certificate(der)
    return bewijs


@lru_cache(maxsize=4096)
def read_certificate(der: bytes) -> Bewijs:
    """Read identity and validity from a DER certificate.

    The OIN counts only when the subject has exactly one serialNumber and that is 20 digits; a certificate of another
    shape (a provider's, for example) has its fingerprint as identity.
    """
    certificaat = x509.load_der_x509_certificate(der)
    nummers = [str(deel.value) for deel in certificaat.subject.get_attributes_for_oid(NameOID.SERIAL_NUMBER)]
    oin = nummers[0] if len(nummers) == 1 and _OIN.fullmatch(nummers[0]) else None
    namen = certificaat.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return Bewijs(
        Identiteit(
            oin=oin,
            vingerafdruk=certificaat.fingerprint(hashes.SHA256()).hex(),
            naam=str(namen[0].value) if namen else "",
        ),
        certificaat.not_valid_before_utc.timestamp(),
        certificaat.not_valid_after_utc.timestamp(),
    )
