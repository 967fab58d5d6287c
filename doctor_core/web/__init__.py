"""HTTP, both ends; the only package that knows aiohttp."""
