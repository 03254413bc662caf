"""Owns the question whether something listens on this machine."""

import socket


def is_listening(host: str, port: int) -> bool:
    """Whether a connection to `host`:`port`, an address of this machine, is accepted."""
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False
