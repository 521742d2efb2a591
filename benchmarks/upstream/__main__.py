"""`python -m benchmarks.upstream`: serves on a free port of loopback, which is its first line, until its input ends."""

if __name__ == "__main__":
    from benchmarks.upstream.server import main

    main()
