"""The whole platform on one machine: a real PostgreSQL, a real Kafka, a local issuer, the four services behind one origin."""
