"""The page of `ganedit web`: its pictures in the README, and how quick it is.

    python benchmarks/web.py pictures examples/results     # web_fill.jpg and the others
    python benchmarks/web.py measure                       # all figures, from start to end

Needs Chromium (`apt-get install chromium`) and `pip install '.[web,test]'`. What is measured: from
the start of the command to a page that can be used, beside `import torch`; the brush's frames a
second on a photo of 12 megapixels; how long a stop takes while a network runs; and the memory of
all processes before and after a job.
"""

import itertools
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import PIL.Image
import psutil
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

EXAMPLES = Path(__file__).parent.parent / "examples"
DESKTOP, PHONE = ViewportSize(width=1280, height=800), ViewportSize(width=390, height=844)
PATIENCE = 300_000
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
             "--disable-background-networking", "--disable-component-update"]  # fmt: skip
# Counts the frames that are shown while a stroke is drawn, by what the page itself is told.
COUNT_FRAMES = """() => {
  window.frames_shown = [];
  const each = (now) => { window.frames_shown.push(now); requestAnimationFrame(each); };
  requestAnimationFrame(each);
}"""


@contextmanager
def running(folder: Path) -> Iterator[tuple[str, psutil.Process]]:
    """`ganedit web` as a process of its own, and its address."""
    command = [sys.executable, "-m", "ganedit", "web", "--no-open", "--port", "0"]
    process = subprocess.Popen(
        [*command, "--folder", str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield process.stdout.readline().split()[0], psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()


@contextmanager
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


def opened(browser: Browser, url: str, size: ViewportSize, task: str) -> Page:
    """A window with the tab of a task."""
    page = browser.new_page(viewport=size)
    page.set_default_timeout(PATIENCE)
    page.goto(f"{url}#{task}")
    page.locator("body.ready").wait_for()
    return page


def give(page: Page, photo: Path) -> None:
    page.set_input_files("#file", photo)
    page.locator("#strip .thumb").first.wait_for()
    settle(page)


def stroke(page: Page, points: list[tuple[float, float]], steps: int = 6) -> None:
    """A stroke through points of the photo that is shown, as shares of its sides."""
    places = [
        page.evaluate(
            """([x, y]) => { const { viewer } = window.ganedit;
            const box = viewer.root.getBoundingClientRect();
            const { width, height } = viewer.reference;
            return [box.left + (viewer.x + x * width * viewer.scale) / viewer.ratio,
                    box.top + (viewer.y + y * height * viewer.scale) / viewer.ratio]; }""",
            [x, y],
        )
        for x, y in points
    ]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=steps)
    page.mouse.up()


def wait_for_result(page: Page) -> None:
    page.locator("#download").wait_for()
    settle(page)


def settle(page: Page) -> None:
    """Wait until all that is in sight is there."""
    page.wait_for_timeout(300)
    page.wait_for_function(
        "() => [...ganedit.viewer.layers.values()].every("
        "(each) => each.base.naturalWidth && !each.loading && !each.wanted.length)"
    )
    page.wait_for_timeout(300)


def save(page: Page, path: Path) -> None:
    """A screenshot, small: the README is read over slow lines too."""
    page.screenshot(path=path, type="jpeg", quality=88)
    click.echo(f"{path}  {path.stat().st_size / 1e3:.0f} kB")


@click.group()
def main() -> None:
    """Show and measure the page."""


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
def pictures(folder: Path) -> None:
    """Write the README's screenshots into FOLDER."""
    with tempfile.TemporaryDirectory() as place, chromium() as browser:
        photos = Path(place) / "holiday"
        photos.mkdir()
        for name in ("dune", "lake", "otter"):
            with PIL.Image.open(EXAMPLES / f"{name}.jpg") as picture:
                wide, high = picture.width // 3, picture.height // 2
                for number in range(6):
                    left, top = number % 3 * wide, number // 3 * high
                    part = picture.crop((left, top, left + wide, top + high))
                    part.save(photos / f"{number}_{name}.jpg")
        with running(Path(place)) as (url, _):
            show_fill(browser, url, folder)
            show_upscale(browser, url, folder)
            show_folder(browser, url, folder)


def show_fill(browser: Browser, url: str, folder: Path) -> None:
    """A mask on the hikers of the dune, and on a phone."""
    for size, name in ((DESKTOP, "web_fill.jpg"), (PHONE, "web_phone.jpg")):
        page = opened(browser, url, size, "inpaint")
        give(page, EXAMPLES / "dune.jpg")
        stroke(page, [(0.3, 0.86), (0.345, 0.83), (0.385, 0.81)])
        stroke(page, [(0.3, 0.88), (0.35, 0.855), (0.4, 0.835)])
        page.wait_for_timeout(300)
        save(page, folder / name)
        page.close()


def show_upscale(browser: Browser, url: str, folder: Path) -> None:
    """Before and after at the result's own pixels."""
    page = opened(browser, url, DESKTOP, "upscale")
    give(page, EXAMPLES / "otter.jpg")
    page.locator("#start").click()
    wait_for_result(page)
    page.locator("#actual").click()
    page.evaluate("ganedit.viewer.place(1, ganedit.viewer.after.width * 0.47, "
                  "ganedit.viewer.after.height * 0.44)")  # fmt: skip
    settle(page)
    save(page, folder / "web_upscale.jpg")
    page.close()


def show_folder(browser: Browser, url: str, folder: Path) -> None:
    """A folder on its way."""
    page = opened(browser, url, DESKTOP, "translate")
    page.get_by_role("radio", name="A folder").check()
    page.get_by_role("button", name="Folder of pictures").click()
    page.get_by_role("dialog").get_by_role("button", name="holiday").click()
    page.get_by_role("button", name="Take this folder").click()
    page.locator("#start").click()
    page.locator("#grid img").nth(9).wait_for()
    page.wait_for_timeout(600)
    save(page, folder / "web_folder.jpg")
    page.close()


@main.command()
def measure() -> None:
    """Print the figures."""
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", "import torch"], check=True)
    click.echo(f"import torch                       {time.monotonic() - began:.1f} s")
    with tempfile.TemporaryDirectory() as place, chromium() as browser:
        began = time.monotonic()
        with running(Path(place)) as (url, server):
            page = opened(browser, url, DESKTOP, "inpaint")
            click.echo(f"page that can be used              {time.monotonic() - began:.1f} s")
            photo = Path(place) / "large.jpg"
            with PIL.Image.open(EXAMPLES / "lake.jpg") as picture:
                picture.resize((4240, 2832)).save(photo)
            give(page, photo)
            measure_brush(page)
            measure_stop(page, server)


def measure_brush(page: Page) -> None:
    """Frames while a long stroke is painted at the size of the window, and zoomed in."""
    for name in ("all of it", "1:1"):
        if name == "1:1":
            page.locator("#actual").click()
            settle(page)
        page.evaluate(COUNT_FRAMES)
        box = page.locator("#viewer").bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + 60, box["y"] + 60)
        page.mouse.down()
        began = page.evaluate("performance.now()")
        for number in range(240):
            x, y = (number * 37) % (box["width"] - 120), (number * 23) % (box["height"] - 120)
            page.mouse.move(box["x"] + 60 + x, box["y"] + 60 + y)
        ended = page.evaluate("performance.now()")
        page.mouse.up()
        frames: list[float] = page.evaluate("window.frames_shown")
        during = [each for each in frames if began <= each <= ended]
        longest = max(b - a for a, b in itertools.pairwise(during))
        click.echo(f"brush on 12 MP, {name:<18} {len(during) / (ended - began) * 1000:.0f} frames "
                   f"a second, longest {longest:.0f} ms")  # fmt: skip


def measure_stop(page: Page, server: psutil.Process) -> None:
    """While the upscaler runs."""
    before = memory(server)
    page.locator("#tab-upscale").click()
    page.locator("#start").click()
    page.locator("#line .running progress").wait_for()
    page.wait_for_timeout(15_000)
    during = memory(server)
    began = time.monotonic()
    page.get_by_role("button", name="Stop Upscale").click()
    page.locator("#line .stopped").wait_for()
    click.echo(f"stop                               {time.monotonic() - began:.2f} s")
    page.wait_for_timeout(1000)
    click.echo(f"memory before, during, after       {before:.0f}, {during:.0f}, "
               f"{memory(server):.0f} MB")  # fmt: skip


def memory(process: psutil.Process) -> float:
    """Of a process and those that it started, in megabytes."""
    processes = [process, *process.children(recursive=True)]
    return float(sum(each.memory_full_info().pss for each in processes)) / 1e6


if __name__ == "__main__":
    main()
