"""The commands, one module a noun. Each is an edge: it asks a service and commits once."""
