"""What intake asks of systems outside: the object store, the virus scanner, and the process that examines files."""
