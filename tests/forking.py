"""Starts commands in a moment: forks of a process that has imported everything already."""

import os
import sys


def serve() -> None:
    """For each line on stdin, a folder, a log file and arguments: fork, and print the child's id.

    What the child ends with is printed once it has ended.
    """
    from ganedit.app.commands import main
    from ganedit.runs import run  # noqa: F401 - what a command imports

    for line in sys.stdin:
        folder, log, *arguments = line.rstrip("\n").split("\t")
        child = os.fork()
        if child == 0:
            os.chdir(folder)
            file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(file, 1)
            os.dup2(file, 2)
            sys.argv = ["ganedit", *arguments]
            main()
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    serve()
