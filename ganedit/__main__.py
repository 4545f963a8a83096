"""`python -m ganedit`, and what the command starts with."""

import signal
import sys


def main() -> None:
    """Run the command line; Ctrl-C before it is there to answer simply ends the process."""
    answered = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # not under nohup
    if answered:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from ganedit.app.commands import main as command_line

    try:
        if answered:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        command_line()
    except KeyboardInterrupt:  # in the moments in which the command line doesn't answer it itself
        sys.exit(130)


if __name__ == "__main__":
    main()
