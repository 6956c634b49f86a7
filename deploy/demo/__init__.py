"""The scale topology without Docker: every part a process on loopback, in a temporary folder."""
