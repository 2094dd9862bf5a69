"""A simulated BRP: both Haal Centraal APIs over test persons, as strict as the published descriptions."""
