"""`python -m sayback` is `sayback`."""

from sayback.views.cli import main

if __name__ == "__main__":
    main()
