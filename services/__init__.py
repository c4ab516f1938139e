"""The four services. They never import one another; they meet only through events (shared.contracts)."""
