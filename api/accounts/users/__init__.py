"""Accounts: your own, and all of them for administrators."""
