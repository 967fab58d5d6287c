"""Who stands for the owner of servers in a scenario."""
