"""Names of the StUF-GGk 2.1 koppelvlak: namespaces, body elements, SOAPActions (ggk-protocol.md §2.1, §2.2)."""

from __future__ import annotations

from routing.bericht import Berichtcode

SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
STUF = "http://www.egem.nl/StUF/StUF0301"
GGK = "http://www.stufstandaarden.nl/koppelvlak/ggk0210"
DAI = "http://www.stufstandaarden.nl/koppelvlak/dai0100"

OUDE_NAAMRUIMTEN = {
    "http://www.stufstandaarden.nl/sectormodel/ggk/0210": "GGk 2.1.02 of 2.1.03",
    "http://www.egem.nl/StUF/sector/ggk/0310": "GGk 2.0 of 2.1",
}
"""Namespaces of envelopes that are no longer exchanged, with the version they belong to."""

BODY = {
    f"{{{GGK}}}envelopHeenbericht-ggk_Di01": Berichtcode.DI01,
    f"{{{GGK}}}envelopRetourbericht-ggk_Du01": Berichtcode.DU01,
    f"{{{STUF}}}Fo01Bericht": Berichtcode.FO01,
}
"""What may stand in the SOAP Body."""

SOAP_ACTION = {
    Berichtcode.DI01: f"{GGK}/ggk_Di01",
    Berichtcode.DU01: f"{GGK}/ggk_Du01",
    Berichtcode.FO01: f"{STUF}/Fo01",
}

MAX_ENVELOP = 26_214_400
"""Largest envelope in bytes, base64 included: 25 MiB (ggk-protocol.md §2.4)."""


def lokaal(tag: str) -> str:
    """Return the local name of a tag in Clark notation."""
    return tag.rpartition("}")[2]


def naamruimte(tag: str) -> str:
    """Return the namespace of a tag in Clark notation, empty when it has none."""
    return tag[1:].partition("}")[0] if tag[:1] == "{" else ""
