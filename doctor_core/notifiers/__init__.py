"""How a notice gets to its owner; chosen by the scheme of the URL."""
