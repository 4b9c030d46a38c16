"""Becomes a server process: leaves root, ends with its parent, executes the command.

A script of its own, run by the supervisor and never imported: code between fork and exec
(``preexec_fn``) may hang where threads run, and uvloop cannot change the user.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def launch(parent: int, uid: int, gid: int, command: list[str]) -> None:
    """Execute ``command`` as ``uid``; never returns.

    On Linux the process gets SIGQUIT (Postgres' immediate shutdown, which loses no commit)
    when the thread that started it ends, however that happens.
    """
    os.setsid()  # a Ctrl-C in the terminal is for the supervisor, which stops its server last
    os.umask(0o077)
    os.chdir("/")
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform == "linux":  # after setuid, which would clear it
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGQUIT)
    if os.getppid() != parent:
        sys.exit("the supervisor ended before its server began")
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    _, parent, uid, gid, *command = sys.argv
    launch(int(parent), int(uid), int(gid), command)
