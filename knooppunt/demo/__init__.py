"""The demo: a real hub with everybody around it simulated: care cases, setbacks, lookups, pgb and VECOZO, checked."""
