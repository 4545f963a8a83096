"""What the machine offers: device, arithmetic, memory. Measured once, never assumed."""

import ctypes
import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ganedit.errors import DeviceError, UsageError

if TYPE_CHECKING:
    import torch

Precision = Literal["auto", "fp32", "bf16", "fp16"]

# Without --memory: polite on a shared machine, enough for tiles that keep the cores busy. Never
# what happens to be free: the tiles, and with them the last bit of a result, would depend on it.
DEFAULT_MEMORY = 2 << 30
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


@dataclass(frozen=True)
class Runtime:
    """Where and how a network runs.

    Attributes:
        device: the torch device.
        dtype: of weights and activations inside the network; its inputs and outputs are float32.
        memory: bytes that tiles may take, beside the picture itself.
        reason: one sentence on how device and dtype were chosen.
    """

    device: "torch.device"
    dtype: "torch.dtype"
    memory: int
    reason: str


def choose(device: str = "auto", precision: str = "auto", memory: int | None = None) -> Runtime:
    """Turn what the user asked for into a `Runtime`.

    Raises:
        DeviceError: the device is not there, or cannot do the precision.
        UsageError: an unknown device or precision.
    """
    chosen, why = _choose_device(device)
    if chosen.type == "cpu":
        keep_freed_memory()
    elif chosen.type == "cuda":
        import torch

        # fp32 is to mean fp32: the bicubic base and the colour must be exact.
        torch.backends.cudnn.allow_tf32 = False
    dtype, because = _choose_dtype(chosen, precision)
    return Runtime(chosen, dtype, memory or DEFAULT_MEMORY, f"{why}; {because}")


@cache
def keep_freed_memory() -> None:
    """Have glibc keep large freed blocks for the next layer instead of returning them.

    By default each activation over a few megabytes is mapped anew, and its page faults cost a
    fifth of the time of a convolution. Does nothing where the C library is another one.
    """
    threshold, trim, largest = -3, -1, 1 << 30  # M_MMAP_THRESHOLD, M_TRIM_THRESHOLD of malloc.h
    try:
        library = ctypes.CDLL("libc.so.6")
        # Where the C library refuses so high a threshold, 32 MiB is the most it takes.
        if library.mallopt(threshold, largest) or library.mallopt(threshold, 32 << 20):
            library.mallopt(trim, largest)
    except (OSError, AttributeError):
        return


def parse_bytes(text: str) -> int:
    """`2G`, `512M`, `1.5GiB` or a plain number of bytes, as bytes.

    Raises:
        UsageError: not such a size.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?\s*", text, re.IGNORECASE)
    if not match:
        raise UsageError(f"{text!r} is not an amount of memory; write it like 2G or 800M")
    size = int(float(match[1]) * _UNITS[match[2].upper()])
    if size == 0:
        raise UsageError(f"{text!r}: nothing can be done without memory; write it like 2G or 800M")
    return size


def _choose_device(wanted: str) -> tuple["torch.device", str]:
    import torch

    if wanted == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda"), f"CUDA device {torch.cuda.get_device_name()}"
        return torch.device("cpu"), "no CUDA device, so the CPU"
    if not re.fullmatch(r"cpu|mps|cuda(:\d+)?", wanted):
        raise UsageError(f"--device {wanted}: use auto, cpu, mps, cuda or cuda:N")
    device = torch.device(wanted)
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise DeviceError("--device mps: no Apple GPU here; use --device cpu")
    if device.type == "cuda":
        if not torch.cuda.is_available():
            raise DeviceError(
                "--device cuda: PyTorch sees no CUDA GPU here; use --device cpu, or install a "
                "CUDA build of torch and the driver"
            )
        if (device.index or 0) >= torch.cuda.device_count():
            raise DeviceError(f"--device {wanted}: there are only {torch.cuda.device_count()} GPUs")
    return device, "as asked"


def _choose_dtype(device: "torch.device", wanted: str) -> tuple["torch.dtype", str]:
    import torch

    named = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
    if wanted in named:
        if wanted == "fp16" and device.type == "cpu":
            raise DeviceError("--precision fp16 is for GPUs; on a CPU use bf16 or fp32")
        return named[wanted], f"{wanted} as asked"
    if wanted != "auto":
        raise UsageError(f"--precision {wanted}: use auto, fp32, bf16 or fp16")
    if device.type == "cuda":
        if torch.cuda.get_device_capability(device) >= (8, 0):
            return torch.bfloat16, "bf16, which its matrix units take"
        return torch.float16, "fp16, since it has no fast bf16"
    if device.type == "cpu":
        if has_fast_bf16():
            return torch.bfloat16, "bf16, in which such a CPU is faster"
        return torch.float32, "fp32, since such a CPU is not known to be faster in bf16"
    return torch.float32, "fp32"


def has_fast_bf16() -> bool:
    """Whether the CPU is of a kind that computes faster in bf16.

    With matrix units (AMX) it does several times as fast, and AMD's with AVX512-BF16 (Zen 4 and
    later) nearly twice. Of others with AVX512-BF16 alone some are slower in it.

    What it is decides, not a measurement: the precision shows in the last bits of results, which
    must not depend on how busy a machine is. `--precision bf16` is there for others.
    """
    import torch

    used = torch.backends.cpu.get_cpu_capability()  # what ATEN_CPU_CAPABILITY leaves of it
    if "AVX512" not in used and "AMX" not in used:
        return False
    # A torch that cannot say is used in fp32, which is never wrong.
    known: Mapping[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    amd = str(known.get("cpu_name", "")).startswith("AMD")
    return bool(known.get("amx_bf16") or (amd and known.get("avx512_bf16")))


def available_memory() -> int:
    """Bytes of RAM that could be taken now, by this process's control group at most."""
    import psutil

    free = int(psutil.virtual_memory().available)
    group = Path("/sys/fs/cgroup")  # a container's own limit, which psutil does not look at
    try:
        limit = int((group / "memory.max").read_text())
        used = int((group / "memory.current").read_text())
    except (OSError, ValueError):  # no such files, or the limit is "max"
        return free
    return max(0, min(free, limit - used))


def measure_speed(runtime: Runtime, seconds: float = 2.0) -> float:
    """Operations per second in the 3×3 convolutions that the networks are made of."""
    import torch

    width, side = 64, 256
    conv = torch.nn.Conv2d(width, width, 3, padding=1)
    conv = conv.to(runtime.device, runtime.dtype).to(memory_format=torch.channels_last)
    x = torch.rand(1, width, side, side, device=runtime.device, dtype=runtime.dtype)
    x = x.contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        for _ in range(3):
            conv(x)
        synchronize(runtime)
        start, runs = time.perf_counter(), 0
        while time.perf_counter() - start < seconds:
            for _ in range(8):
                conv(x)
            synchronize(runtime)
            runs += 8
        elapsed = time.perf_counter() - start
    return runs * 2 * 9 * width * width * side * side / elapsed


def synchronize(runtime: Runtime) -> None:
    """Wait until the device has done all it was given."""
    import torch

    if runtime.device.type == "cuda":
        torch.cuda.synchronize(runtime.device)
    elif runtime.device.type == "mps":
        torch.mps.synchronize()


@contextmanager
def limited_threads(count: int) -> Iterator[None]:
    """Have each thread that is started meanwhile compute with so many threads.

    Where several pictures are in work at once, one thread for each wastes nothing on waiting for
    the others. Results are the same bit for bit: each output value is summed by one thread.
    """
    import cv2
    import torch

    global _thread_limit
    before = torch.get_num_threads(), cv2.getNumThreads(), _thread_limit
    torch.set_num_threads(count)
    cv2.setNumThreads(count)
    _thread_limit = count
    try:
        yield
    finally:
        torch.set_num_threads(before[0])
        cv2.setNumThreads(before[1])
        _thread_limit = before[2]


_thread_limit: int | None = None  # what `limited_threads` asks for


def working_threads() -> int:
    """Threads for one computation: all cores there are, or fewer inside of `limited_threads`."""
    return threads() if _thread_limit is None else min(threads(), _thread_limit)


def threads() -> int:
    """CPU cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
