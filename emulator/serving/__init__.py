"""Composition: the world, the one pipeline, hosts, listeners, TLS, the relay, and the control routes."""
