"""How the platform is put on machines: one machine for trying (local/), topics and rights on Kafka, generated documents."""
