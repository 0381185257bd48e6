"""What `tiefen` does on the command line, a chapter a file. `tiefen.cli` reads the arguments.

Composition: may see every room, and nothing may see it.
"""
