"""Event alarms that Doctor evaluates itself."""
