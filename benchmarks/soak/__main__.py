"""`python -m benchmarks.soak`: see command.py."""

from benchmarks.soak.command import main

if __name__ == "__main__":
    main()
