"""What is loaded for the tests stays: no sweep of memory meanwhile (`conftest` begins them again)."""

import gc

gc.disable()
