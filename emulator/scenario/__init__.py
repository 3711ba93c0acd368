"""Reports over a world, and (later) scenarios: what happened on both sides, in one order."""
