"""Corroborators: who else can say whether a silent host is dead."""
