"""Hypothesis machines over whole worlds."""
