"""Tests of the engine and the edges that all services share."""
