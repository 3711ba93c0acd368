"""Functions that the vendor offers in its admin console only; addresses and shapes are ours.

Source: okta-admin-api.md 19.
"""

from emulator.kernel.operations import inferred

UI_ONLY = inferred("the vendor offers this in its admin console only; address and shape are ours")
