"""Transport: how any upstream is asked. One pool for the life of the app, time limits, typed errors.

Knows no vendor and no release. May import: errors.
"""
