"""The Haal Centraal BRP APIs as a source of facts: Personen 2.7 and, where a gemeente offers it, historie 2.0."""
