"""`python -m emulator` is `tenantlab`."""

from emulator.cli import main

main()
