"""An expired certificate on demand: a TLS context that shows one to the connections that are struck."""

from __future__ import annotations

import datetime as dt
import ssl
import tempfile
from collections.abc import Callable
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import NameOID

from knooppunt.configuratie import ConfiguratieFout, Koppelvlak
from knooppunt.pki import PkiFout, Proefautoriteit
from knooppunt.simulatie.storing import Storingen
from knooppunt.tls import client_context, server_context


def expiring_server(instellingen: Koppelvlak, storingen: Storingen) -> ssl.SSLContext:
    """Make a server context that shows an expired certificate whenever `storingen` says so.

    Without the key of the test authority beside its certificate there is none to show, and the context is an ordinary
    one; see `can_expire`.
    """
    gewoon = server_context(instellingen)
    if not can_expire(instellingen):
        return gewoon
    verlopen = _with_expired(instellingen, server_context)

    def choose(verbinding: ssl.SSLObject, _naam: str | None, _context: ssl.SSLContext) -> None:
        if storingen.draw_verlopen():
            verbinding.context = verlopen

    gewoon.sni_callback = choose  # OpenSSL asks for every handshake, also when the client names no host
    return gewoon


def expired_client(instellingen: Koppelvlak) -> ssl.SSLContext:
    """Make a client context with an expired certificate of the same holder.

    Raises:
        ConfiguratieFout: the key of the test authority is not beside its certificate.
    """
    return _with_expired(instellingen, client_context)


def can_expire(instellingen: Koppelvlak) -> bool:
    """Say whether an expired certificate can be made: the key of the test authority is beside its certificate."""
    return instellingen.ca.name == "ca.pem" and instellingen.ca.with_name("ca.key").exists()


def _with_expired(instellingen: Koppelvlak, make: Callable[[Koppelvlak], ssl.SSLContext]) -> ssl.SSLContext:
    try:
        autoriteit = Proefautoriteit.read(instellingen.ca.parent)
    except PkiFout as fout:
        raise ConfiguratieFout(f"Voor een verlopen certificaat is de sleutel van de autoriteit nodig. {fout}") from None
    onderwerp = x509.load_pem_x509_certificate(instellingen.certificaat.read_bytes()).subject
    namen, nummers = (
        [str(deel.value) for deel in onderwerp.get_attributes_for_oid(soort)]
        for soort in (NameOID.COMMON_NAME, NameOID.SERIAL_NUMBER)
    )
    nu = dt.datetime.now(dt.UTC)
    dag = dt.timedelta(days=1)
    uitgifte = autoriteit.issue(
        next(iter(namen), "verlopen"), next(iter(nummers), None), van=nu - 30 * dag, tot=nu - dag
    )
    with tempfile.TemporaryDirectory() as map_:  # OpenSSL reads a certificate from files only
        certificaat, sleutel = uitgifte.write(Path(map_), "verlopen")
        return make(instellingen.model_copy(update={"certificaat": certificaat, "sleutel": sleutel}))
