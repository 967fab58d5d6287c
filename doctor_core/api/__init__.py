"""What is served over HTTP: routes, and nothing else."""
