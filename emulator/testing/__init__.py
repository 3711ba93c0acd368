"""For people's tests: the pytest plugin and helpers."""
