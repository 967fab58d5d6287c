"""What detects that a host is lost."""
