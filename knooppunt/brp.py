"""The BRP as it is configured: certificates and secrets from their files, and what has to go together."""

from __future__ import annotations

from adapters.brp.bron import BrpFeitenbron
from adapters.brp.client import BrpClient, Grenzen
from adapters.brp.toegang import Apisleutel, Clientgegevens, Toegang, Tokenhouder
from knooppunt.bronsecties import BrpSectie
from knooppunt.configuratie import ConfiguratieFout
from knooppunt.geheim import read_secret
from knooppunt.tls import partner_context
from routing.woonplaats.feitenbron import Feitenbron


def open_brp(sectie: BrpSectie) -> Feitenbron | None:
    """Make the source of facts; None when the BRP is not configured.

    Raises:
        ConfiguratieFout: a file cannot be used, or keys do not go together.
    """
    if sectie.url is None:
        if sectie.historie_url is not None:
            raise ConfiguratieFout("brp.historie_url: geef ook brp.url; de historie alleen is niet genoeg.")
        return None
    if (sectie.certificaat is None) != (sectie.sleutel is None):
        raise ConfiguratieFout("brp.certificaat en brp.sleutel: geef beide of geen van beide.")
    context = partner_context("brp", ca=sectie.ca, certificaat=sectie.certificaat, sleutel=sectie.sleutel)
    grenzen = Grenzen(
        antwoord_s=sectie.antwoord_seconden,
        geheel_s=sectie.geheel_seconden,
        gelijktijdig=sectie.gelijktijdig,
        per_seconde=sectie.per_seconde,
    )
    return BrpFeitenbron(
        BrpClient(sectie.url, sectie.historie_url, ssl_context=context, toegang=_access(sectie), grenzen=grenzen)
    )


def _access(sectie: BrpSectie) -> Toegang:
    token = (sectie.token_url, sectie.token_client, sectie.token_wachtwoord_bestand)
    if any(deel is not None for deel in token):
        if sectie.token_url is None or sectie.token_client is None or sectie.token_wachtwoord_bestand is None:
            raise ConfiguratieFout("brp: token_url, token_client en token_wachtwoord_bestand horen bij elkaar.")
        if sectie.api_sleutel_bestand is not None:
            raise ConfiguratieFout("brp.api_sleutel_bestand: geef een API-sleutel of een token, niet beide.")
        geheim = read_secret("brp.token_wachtwoord_bestand", sectie.token_wachtwoord_bestand)
        return Tokenhouder(Clientgegevens(sectie.token_url, sectie.token_client, geheim, sectie.token_scope))
    if sectie.api_sleutel_bestand is None:
        return Apisleutel()
    return Apisleutel(sectie.api_sleutel_kop, read_secret("brp.api_sleutel_bestand", sectie.api_sleutel_bestand))
