"""Signing in and out: registration, tokens, sessions, passwords."""
