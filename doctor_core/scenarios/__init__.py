"""What can be run and judged as a whole."""
