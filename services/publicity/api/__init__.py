"""JSON over HTTP in: one module per resource, thin."""
