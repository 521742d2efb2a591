"""`python -m benchmarks [case ...] [--json]`."""

if __name__ == "__main__":
    # Imported here, since each process we spawn imports this module again.
    from benchmarks.command import main

    main()
