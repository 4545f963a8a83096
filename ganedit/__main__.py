"""`python -m ganedit`."""

from ganedit.app.commands import main

main()
