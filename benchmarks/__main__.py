"""`python -m benchmarks [workload ...] [--quick]`: see --help."""

if __name__ == "__main__":
    from benchmarks.command import main

    main()
