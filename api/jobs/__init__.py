"""The queue of jobs: their states in the database, and how workers hear of them."""
