"""Knowledge: what is true of releases wherever they are kept.

Pure: no I/O, no clock, no settings, and nothing of the graph; every function can be tried in a shell.
May import: keys, errors.
"""
