"""Only what all four services need: the event engine, HTTP, identity, sealing, working days. No service is imported here."""
