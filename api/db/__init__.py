"""The database, and what is counted in it or in Redis."""
