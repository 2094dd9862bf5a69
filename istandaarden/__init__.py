"""The standards as a pure library: model, XSD, validation, and findings in plain Dutch."""
