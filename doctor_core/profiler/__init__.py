"""Where the time went, stage by stage."""
