"""StUF-GGk 2.1 (patch 04): codec, SOAP server and client."""
