"""Options of `ganedit web`. Light: help needs them."""

import ipaddress
import os
from dataclasses import dataclass, field
from pathlib import Path

from ganedit.errors import UsageError
from ganedit.options import Options, option
from ganedit.runs.options import Placement
from ganedit.runtime import parse_bytes

PASSWORD_VARIABLE = "GANEDIT_PASSWORD"
# Of one picture that is sent: bytes of its file, and pixels.
MOST_BYTES, MOST_PIXELS = 512 << 20, 200_000_000
# Of all that a page keeps at a time.
KEPT_BYTES = 16 << 30


@dataclass(frozen=True)
class WebOptions(Options):
    """Where the page is, who may see it and what it may touch."""

    host: str = option("127.0.0.1", "Address to listen at; others than this computer's own need "
                       "a password.", metavar="ADDRESS")  # fmt: skip
    port: int = option(
        7860, "Port to listen at; the next free one where it is taken. 0: any.", least=0, most=65535
    )
    open: bool = option(True, "Open the page in the browser.", flag="--open/--no-open")
    password: str | None = option(
        None, "Ask for it.", metavar="WORD", absent=f"the variable {PASSWORD_VARIABLE}"
    )
    folder: tuple[Path, ...] = option(
        (), "Folder whose pictures, and those of folders in it, the page may edit and where it "
        "may write results; may be repeated.", metavar="DIR", must_be="folder",
        absent="your home, for this computer only",
    )  # fmt: skip
    max_upload: int | None = option(
        None, "Refuse larger files.", metavar="SIZE", parse=parse_bytes, absent="512M",
        group="files",
    )  # fmt: skip
    max_pixels: int | None = option(
        None, "Refuse pictures of more pixels.", least=1, metavar="N", absent="200 million",
        group="files",
    )  # fmt: skip
    placement: Placement = field(default_factory=Placement)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.password is None and (word := os.environ.get(PASSWORD_VARIABLE)):
            object.__setattr__(self, "password", word)
        if self.password == "":
            raise UsageError("--password: the password is empty")
        if not self.local and self.password is None:
            raise UsageError(
                f"--host {self.host}: others could use the page; give a --password, or set "
                f"{PASSWORD_VARIABLE}"
            )

    @property
    def local(self) -> bool:
        """Whether only this computer reaches the page."""
        try:
            return self.host == "localhost" or ipaddress.ip_address(self.host).is_loopback
        except ValueError:  # a name: who knows where it leads
            return False

    @property
    def most_bytes(self) -> int:
        """Of a file that is sent."""
        return self.max_upload or MOST_BYTES

    @property
    def most_pixels(self) -> int:
        """Of a picture that is sent, or lies in a chosen folder."""
        return self.max_pixels or MOST_PIXELS

    @property
    def roots(self) -> tuple[Path, ...]:
        """The folders that requests may read and write, links resolved."""
        chosen = self.folder or ((Path.home(),) if self.local else ())
        return tuple(dict.fromkeys(each.resolve() for each in chosen))
