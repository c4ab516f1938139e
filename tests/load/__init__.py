"""Benchmarks: figures as ratios of one run. They print and assert nothing on time."""
