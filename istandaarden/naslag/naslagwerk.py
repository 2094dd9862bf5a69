"""All pages of the reference together."""

from __future__ import annotations

from collections.abc import Mapping

from istandaarden.catalogus import Catalogus
from istandaarden.naslag.berichtpagina import LIJSTEN, TYPEN, write_page
from istandaarden.naslag.releasepagina import write_index, write_lists, write_types
from istandaarden.naslag.uitgave import releases


def write_reference(catalogus: Catalogus) -> Mapping[str, str]:
    """Write the reference of every berichtsoort of a catalogue.

    Returns:
        Pages in Markdown by their path: ``README.md``, ``iwmo-ijw-3.2/301.md``.
    """
    uitgaven = releases(catalogus)
    paginas = {"README.md": write_index(uitgaven)}
    for uitgave in uitgaven:
        paginas |= {f"{uitgave.map}/{nummer}.md": write_page(uitgave, nummer) for nummer in uitgave.nummers}
        paginas[f"{uitgave.map}/{TYPEN}"] = write_types(uitgave)
        paginas[f"{uitgave.map}/{LIJSTEN}"] = write_lists(uitgave)
    return paginas
