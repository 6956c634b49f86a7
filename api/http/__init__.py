"""Everything that knows the quirks of Flask and HTTP, and nothing that knows a service."""
