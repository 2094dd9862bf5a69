"""Everything that speaks to an outside party: one package per protocol."""
