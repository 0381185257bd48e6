"""`python -m tiefen` is the same as `tiefen`."""

from tiefen.cli import main

main()
