"""The VSP shaped REST interface (push, pull and status): codec, server and client."""
