"""`python -m app` is `foldline`: how a command starts another one."""

from app.main import main

if __name__ == "__main__":  # the processes of a rebuild import this again
    main()
