"""Starts commands in a moment: forks of a process that has imported everything already."""

import os
import signal
import sys

# What changes a folder, as Python's audit events call it; of opening, only for writing.
CHANGES = ("open", "os.link", "os.rename", "os.remove", "os.mkdir")


def serve() -> None:
    """For each line on stdin, a folder, a log file, a number and arguments: fork, and print the
    child's id.

    The child is killed at the change of files with that number, if it is not 0. What it ends with
    is printed once it has ended.
    """
    from ganedit.app.commands import main
    from ganedit.runs import run  # noqa: F401 - what a command imports before it begins
    from ganedit.tasks.upscale import edit  # noqa: F401 - and torch, once it works

    for line in sys.stdin:
        folder, log, last, *arguments = line.rstrip("\n").split("\t")
        child = os.fork()
        if child == 0:
            os.chdir(folder)
            file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(file, 1)
            os.dup2(file, 2)
            sys.argv = ["ganedit", *arguments]
            if last != "0":
                die_at(int(last))
            main()
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def die_at(last: int) -> None:
    """Kill this process right before its `last` change of files, or with a file just opened."""
    changes = 0

    def count(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal changes
        if event not in CHANGES or (event == "open" and not _writes(arguments[2])):
            return
        changes += 1
        if changes == last:
            if event == "open":
                os.open(arguments[0], arguments[2])  # type: ignore[arg-type]
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)


def _writes(flags: object) -> bool:
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR))


if __name__ == "__main__":
    serve()
