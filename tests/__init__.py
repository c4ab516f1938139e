"""Tests: they speak through public doors and mirror the tree of the code."""
