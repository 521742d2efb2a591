"""`python -m benchmarks.choices [case ...] [--json]`."""

if __name__ == "__main__":
    # Imported here, since each process we spawn imports this module again.
    from benchmarks.choices.command import main

    main()
