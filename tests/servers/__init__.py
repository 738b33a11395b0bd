"""Real servers for the tests: MariaDB, Elasticsearch, S3 (SeaweedFS), and nginx for TLS and login.

Each starts only when a test asks for it, on free loopback ports, in a temporary folder of its own, and is stopped
by its process id at the end of the session. `fixtures.py` is what tests use; docs: `tests/servers/README.md`.
"""
