"""The reference in Markdown, in Dutch: per berichtsoort structure and rules, per release types and code lists."""
