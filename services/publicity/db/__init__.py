"""The only SQL of this service: tables, one store module per aggregate, reads, migrations."""
