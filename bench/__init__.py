"""Benchmarks: each prints one JSON line with a median and its ratio to a limit measured in the same run."""
