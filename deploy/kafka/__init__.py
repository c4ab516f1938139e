"""Topics and rights on Kafka, made from the one matrix (shared/contracts/topics.toml)."""
