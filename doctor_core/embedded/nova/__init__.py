"""The embedded cloud's Nova: hosts, servers and what is told of them."""
