"""The rules of the standards: data in `regels.csv`, and one small function per rule that a machine can check."""
