"""Everything ganedit raises on purpose.

::

    GaneditError                 exit code 1
    ├── UsageError               exit code 2: options that cannot be meant
    ├── ImageError               a picture that cannot be read or does not suit
    │   ├── UnreadableImageError     not a picture, empty, or no permission
    │   ├── TruncatedImageError      the file ends before the picture does
    │   └── ImageTooLargeError       over the pixel limit or a format's limit
    ├── OutputError              the result cannot be written where it was asked
    │   └── DiskFullError            nor can any other: no space, or the quota is used up
    ├── WeightsError             a weight file is missing, altered or of another task
    ├── DeviceError              the device or precision asked for is not there
    ├── TrainingError            training cannot start or go on
    └── NonFiniteError           a loss or an output became NaN or infinite

A message is one line: which file, what is wrong with it, what to do about it.
"""


class GaneditError(Exception):
    """Base of all errors that a user can cause and mend; `exit_code` is the shell's."""

    exit_code = 1


class UsageError(GaneditError):
    """Options that contradict each other or lie outside their range."""

    exit_code = 2


class ImageError(GaneditError):
    """A picture that cannot be used."""


class UnreadableImageError(ImageError):
    """Not a picture, an empty file, or a file that may not be read."""


class TruncatedImageError(ImageError):
    """The file ends, or is damaged, before the picture is complete."""


class PartnerError(ImageError):
    """A picture that goes with the one that is edited, such as a style, will not do.

    Args:
        message: what is wrong with it.
        input: the name of the input that it is of.
    """

    def __init__(self, message: str, input: str = "") -> None:
        super().__init__(message)
        self.input = input


class ImageTooLargeError(ImageError):
    """More pixels than the limit allows, or than the output format can hold."""


class OutputError(GaneditError):
    """The output exists, equals the input, or cannot be written."""


class DiskFullError(OutputError):
    """The disk or the user's quota holds no more, which concerns every other result too."""


class WeightsError(GaneditError):
    """A weight file is missing, altered, or made for another network."""


class DeviceError(GaneditError):
    """The device or precision that was asked for is not available."""


class TrainingError(GaneditError):
    """Training cannot start or cannot go on."""


class NonFiniteError(GaneditError):
    """A loss or a prediction became NaN or infinite."""


def reason_of(error: BaseException) -> str:
    """The first line of what a library's error says, or its kind where it says nothing."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
