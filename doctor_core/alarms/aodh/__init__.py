"""Event alarms in Aodh."""
