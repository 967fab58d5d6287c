"""Identifiers."""

import uuid


def new_id() -> str:
    """A random identifier, as OpenStack writes them."""
    return str(uuid.uuid4())
