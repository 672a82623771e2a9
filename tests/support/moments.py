"""A process that ends at the n-th thing it asks of the system: every moment at which it can be killed, one by one."""

import os
import sys
import traceback

__all__ = ["run_until"]

_ASKED = ("open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.truncate", "shutil.", "sqlite3.")


def run_until(number, work):
    """Run `work` in a copy of this process that ends without a word before its n-th such call.

    Return True if `work` came to its end before that, and raise AssertionError if it failed.
    """
    child = os.fork()
    if child == 0:
        code = 3
        try:
            _end_at(number)
            work()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (0, 9), f"expected an end in time or at its moment, got exit code {code}"
    return code == 0


def _end_at(number):
    asked = 0

    def hook(event, arguments):
        nonlocal asked
        if event.startswith(_ASKED):
            asked += 1
            if asked == number:
                os._exit(9)

    sys.addaudithook(hook)
