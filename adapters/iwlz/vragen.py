"""The two questions, as GraphQL documents. They name no field that is not used: that is the data minimisation."""

from __future__ import annotations

from typing import Final

VAN_BSN: Final = """
query Registertoets($bsn: String!) {
  getWlzIndicatiesVoorBsn(bsn: $bsn) {
    wlzindicatieID
    bsn
    afgiftedatum
    ingangsdatum
    einddatum
    geindiceerdZorgzwaartepakket { zzpCode ingangsdatum einddatum }
  }
}
""".strip()
"""For Indicatieregister 1: version 2 cannot be asked about a BSN."""

VAN_ZORGKANTOOR: Final = """
query Registerkopie($zorgkantoor: String!) {
  wlzIndicatie(where: {initieelVerantwoordelijkZorgkantoor: {eq: $zorgkantoor}}) {
    wlzindicatieID
    bsn
    initieelVerantwoordelijkZorgkantoor
    afgiftedatum
    ingangsdatum
    einddatum
    vervaldatum
  }
}
""".strip()
"""For Indicatieregister 2: a copy needs no zorgprofielen, since a signal tells of none."""
