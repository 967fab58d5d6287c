"""Who wants to be told of what, and who decides that it has happened."""
