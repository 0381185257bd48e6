"""`python -m tiefen` is the same as `tiefen`."""

import gc

gc.disable()  # what is loaded stays: sweeping memory meanwhile finds nothing

from tiefen.cli import main  # noqa: E402

gc.enable()
main()
