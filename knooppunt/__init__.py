"""The running hub: composition root, CLI, configuration and HTTP applications."""
