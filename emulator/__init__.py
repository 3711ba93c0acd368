"""tenantlab: a local Okta org and Microsoft Entra tenant, wired together the way Okta's Office 365 app wires them.

The public face is `World`; everything else is reached over HTTP.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emulator.serving.world import World

__all__ = ["World"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    # `import emulator` stays cheap: the pytest plugin and the command line import it at every start.
    if name == "World":
        from emulator.serving.world import World

        return World
    raise AttributeError(name)
