"""What tests stand on: real servers, and builders of events and requests."""
