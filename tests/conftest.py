"""Shared by all tests: nothing yet but the world fixtures of the plugin."""
