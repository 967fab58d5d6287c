"""The embedded cloud's Keystone: who there is, and who may do what."""
