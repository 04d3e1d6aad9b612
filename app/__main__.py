"""`python -m app` is `foldline`: how a command starts another one."""

from app.main import main

main()
