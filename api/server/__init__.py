"""How gunicorn serves: its configuration, master, worker, connections and log lines."""
