"""Tests: unit, functional, end to end."""
