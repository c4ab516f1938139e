"""Command lines of operators: what is wrong with one is told in both languages."""

import argparse
import sys
from typing import NoReturn


class CommandParser(argparse.ArgumentParser):
    """Ends the process with 2 after what is wrong and how the command goes."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(2, f"命令有误 / the command is wrong: {message}\n")
