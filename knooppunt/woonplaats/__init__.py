"""Questions about the woonplaats of a youth, as people and programs ask them; `routing.woonplaats` decides."""
