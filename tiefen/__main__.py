"""`python -m tiefen` and the program `tiefen` are the same."""

import gc

gc.disable()  # what is loaded stays: sweeping memory meanwhile finds nothing, and takes a third of a start

from tiefen.cli import main  # noqa: E402

gc.enable()
if __name__ == "__main__":
    main()
