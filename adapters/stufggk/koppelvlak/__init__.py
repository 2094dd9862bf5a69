"""The contract of the koppelvlak: our WSDL and XSDs, served to clients and used for our own verdict.

Written from the description of the published envelope (ggk-protocol.md §2); tests hold them against the original.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import as_file, files

from lxml import etree

from istandaarden import veilig

SCHEMAS = ("stuf0301.xsd", "ggk0210.xsd")
_WSDL = "ontvangasynchroon.wsdl"
_XS = "{http://www.w3.org/2001/XMLSchema}"
_WSDL_SOAP = "{http://schemas.xmlsoap.org/wsdl/soap/}"


@cache
def schema() -> etree.XMLSchema:
    """Return the compiled schema of all bodies on this koppelvlak, shared by all callers."""
    with as_file(files(__name__)) as map_:
        return etree.XMLSchema(file=str(map_ / "ggk0210.xsd"))


def write_wsdl(adres: str) -> bytes:
    """Return the WSDL as UTF-8 XML, with `adres` (an absolute URL without query) as the place of the service."""
    return _write(_WSDL, adres)


def write_xsd(naam: str, adres: str) -> bytes | None:
    """Return one of `SCHEMAS` as UTF-8 XML whose imports point to `adres`, or None when there is no such schema."""
    return _write(naam, adres) if naam in SCHEMAS else None


def _write(bestand: str, adres: str) -> bytes:
    wortel = veilig.parse(files(__name__).joinpath(bestand).read_bytes())
    for verwijzing in wortel.iter(f"{_XS}import"):
        verwijzing.set("schemaLocation", f"{adres}?xsd={verwijzing.get('schemaLocation')}")
    for plek in wortel.iter(f"{_WSDL_SOAP}address"):
        plek.set("location", adres)
    return etree.tostring(wortel, encoding="UTF-8", xml_declaration=True)
