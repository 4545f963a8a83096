"""The page in a real Chromium, with mouse and keyboard."""

import io
import json
import re
import shutil
import signal
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from command_line import EXACT, run, write_photo
from drawing import save_generator
from pictures import make_exif
from web_page import Page, a_second, command, served

from ganedit.manifest import add_row

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
if CHROMIUM is None:
    pytest.skip("no chromium is installed (apt-get install chromium)", allow_module_level=True)
for each in ("playwright", "axe_playwright_python"):
    pytest.importorskip(each, reason="a browser's driver is not installed: pip install '.[test]'")

from axe_playwright_python.sync_playwright import Axe  # noqa: E402
from playwright.sync_api import Browser, Locator, expect, sync_playwright  # noqa: E402
from playwright.sync_api import Page as Tab  # noqa: E402

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
PATIENCE = 60_000
expect.set_options(timeout=PATIENCE)
# Roles of what can be used, as snapshots of the accessibility tree have them.
CONTROLS = "button|textbox|slider|checkbox|radio|combobox|spinbutton|link|tab|radiogroup|toolbar"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")  # of the jobs: one thread sums in one order
        with served(tmp_path_factory.mktemp("chosen")) as page:
            yield page


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def tab(page: Page, browser: Browser) -> Iterator[Tab]:
    with opened(browser, f"http://127.0.0.1:{page.port}/") as tab:
        yield tab


@contextmanager
def opened(browser: Browser, home: str) -> Iterator[Tab]:
    """The page in a new window; whatever goes wrong in it or leaves this computer is an error."""
    context = browser.new_context(viewport={"width": 1200, "height": 760})
    context.set_default_timeout(PATIENCE)
    tab, wrong = context.new_page(), list[str]()
    tab.on("pageerror", lambda error: wrong.append(str(error)))
    tab.on("console", lambda line: wrong.append(line.text) if line.type == "error" else None)
    tab.on("request", lambda request: wrong.append(request.url) if not request.url.startswith(
        (home, "blob:", "data:")) else None)  # fmt: skip
    tab.goto(home)
    tab.locator("body.ready").wait_for()
    try:
        yield tab
    finally:
        context.close()
    assert not wrong


def downloaded(tab: Tab, button: Locator, path: Path) -> Path:
    with tab.expect_download() as waiting:
        button.click()
    waiting.value.save_as(path)
    return path


def paint(tab: Tab, *shares: tuple[float, float]) -> None:
    """A stroke through points of the stage, by its width and height."""
    tab.locator("#brushes").wait_for()
    box = tab.locator("#viewer").bounding_box()
    assert box is not None
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in shares]
    tab.mouse.move(*places[0])
    tab.mouse.down()
    for place in places[1:]:
        tab.mouse.move(*place, steps=5)
    tab.mouse.up()


def test_a_hole_painted_with_the_mouse_is_filled_as_by_the_command_line(
    tab: Tab, tmp_path: Path
) -> None:
    photo = write_photo(tmp_path / "photo.png", 240, 160)
    tab.get_by_role("tab", name="Fill").click()
    tab.set_input_files("#file", photo)
    paint(tab, (0.4, 0.4), (0.5, 0.45))
    paint(tab, (0.8, 0.8), (0.85, 0.8))
    tab.get_by_role("button", name="Undo").click()
    tab.get_by_role("button", name="Fill").click()
    tab.locator("#download").wait_for()
    tab.get_by_role("button", name="Back").click()
    mask = downloaded(tab, tab.get_by_role("button", name="Save mask"), tmp_path / "mask.png")
    tab.get_by_role("button", name="Fill photo.png").click()
    file = downloaded(tab, tab.locator("#download"), tmp_path / "filled.png")
    assert run("inpaint", photo, "--mask", mask, *EXACT).code == 0
    assert file.read_bytes() == (tmp_path / "photo_inpaint.png").read_bytes()
    marked, before, after = (pixels(path) for path in (mask, photo, file))
    assert 0 < (marked >= 128).sum() < 0.1 * marked.size
    changed = (before != after).any(axis=2)
    assert changed.any()
    rows, columns = np.nonzero(marked >= 128)
    around = np.zeros_like(changed)
    around[rows.min() - 3 : rows.max() + 4, columns.min() - 3 : columns.max() + 4] = True
    assert not (changed & ~around).any()
    # Another candidate, on which painting goes on, or a mask that was saved.
    tab.get_by_role("button", name="Another one").click()
    expect(tab.locator("#line .job.done")).to_have_count(2)
    tab.get_by_role("button", name="Go on with it").click()
    expect(tab.locator("#strip .thumb")).to_have_count(2)
    expect(tab.locator("#brushes")).to_be_visible()
    assert tab.locator("#save-mask").is_disabled()
    tab.set_input_files("#mask-file", mask)
    opened = downloaded(tab, tab.locator("#save-mask"), tmp_path / "opened.png")
    assert opened.read_bytes() == mask.read_bytes()


def pixels(path: Path) -> np.ndarray:
    with PIL.Image.open(path) as picture:
        return np.asarray(picture)


def test_an_enlargement_is_compared_and_downloaded_with_its_metadata(
    tab: Tab, tmp_path: Path
) -> None:
    photo = write_photo(tmp_path / "photo.png", 120, 90)
    with PIL.Image.open(photo) as picture:
        picture.save(tmp_path / "photo.jpg", exif=b"Exif\0\0" + make_exif())
    tab.set_input_files("#file", tmp_path / "photo.jpg")
    tab.get_by_role("spinbutton", name="Scale").fill("2")
    tab.get_by_role("spinbutton", name="Scale").press("Enter")
    expect(tab.locator("#sizes")).to_contain_text("120×90 → 240×180")
    tab.locator("#start").click()
    tab.locator("#download").wait_for()
    tab.locator("#split").wait_for()
    slide = tab.get_by_role("slider", name="Before and after")
    slide.focus()
    slide.press("Home")
    at_start = shown(tab)
    slide.press("End")
    assert np.abs(at_start.astype(int) - shown(tab)).max() > 10  # after, then before
    slide.fill("60")
    expect(tab.locator("#split")).to_have_attribute("style", re.compile("left: 60%"))
    box = tab.locator("#split").bounding_box()
    assert box is not None
    tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + 60)
    tab.mouse.down()
    tab.mouse.move(300, 300, steps=3)
    tab.mouse.up()
    assert 0 < float(slide.input_value()) < 50
    tab.get_by_role("button", name="1:1").click()
    expect(tab.locator("#zoom")).to_have_text("100 %")
    file = downloaded(tab, tab.locator("#download"), tmp_path / "page.jpg")
    assert run("upscale", tmp_path / "photo.jpg", "--scale", 2, *EXACT).code == 0
    assert file.read_bytes() == (tmp_path / "photo_x2.jpg").read_bytes()
    with PIL.Image.open(file) as picture:
        assert picture.getexif()[0x010F] == "Maker"


def shown(tab: Tab) -> np.ndarray:
    """What the stage shows."""
    tab.wait_for_timeout(100)
    with PIL.Image.open(io.BytesIO(tab.locator("#picture").screenshot())) as picture:
        return np.asarray(picture.convert("RGB"))


def test_a_long_job_is_found_after_a_reload_and_stopped_within_a_second(
    tab: Tab, tmp_path: Path
) -> None:
    tab.get_by_role("tab", name="Sleep").click()
    tab.set_input_files("#file", write_photo(tmp_path / "photo.png"))
    tab.get_by_role("spinbutton", name="Seconds").fill("500")
    tab.get_by_role("spinbutton", name="Seconds").press("Enter")
    tab.locator("#start").click()
    stop = tab.get_by_role("button", name="Stop Sleep photo.png")
    expect(tab.locator("#line")).to_contain_text("50 %")
    tab.reload()
    expect(tab.get_by_role("tab", name="Sleep")).to_have_attribute("aria-selected", "true")
    expect(tab.locator("#line")).to_contain_text("50 %")
    begun = time.monotonic()
    stop.click()
    stop.wait_for(state="detached")
    assert time.monotonic() - begun < a_second()
    expect(tab.locator("#line .stopped")).to_have_count(1)


def test_a_folder_is_gone_through_stopped_and_gone_on_with(tab: Tab, page: Page) -> None:
    for number in range(4):
        write_photo(page.folder / "holiday" / f"{number}.png", seed=number)
    tab.get_by_role("tab", name="Sleep").click()
    tab.get_by_role("spinbutton", name="Seconds").fill("2")
    tab.get_by_role("spinbutton", name="Seconds").press("Enter")
    tab.get_by_role("radio", name="A folder").check()
    tab.get_by_role("button", name="Folder of pictures").click()
    tab.get_by_role("dialog").get_by_role("button", name="holiday").click()
    expect(tab.get_by_role("dialog")).to_contain_text("4 pictures in it")
    tab.get_by_role("button", name="Take this folder").click()
    tab.get_by_role("button", name="Start").click()
    tab.locator("#grid img").first.wait_for()
    tab.get_by_role("button", name="Stop the folder").click()
    expect(tab.locator("#grid")).to_contain_text("Start goes on with it")
    made = len(list((page.folder / "holiday" / "sleep").glob("*.png")))
    assert 0 < made < 4
    tab.get_by_role("button", name="Start").click()
    expect(tab.locator("#grid")).to_contain_text("done in")
    expect(tab.locator("#line")).to_contain_text(f"{made} finished before")
    assert len(list((page.folder / "holiday" / "sleep").glob("*.png"))) == 4
    tab.locator("#grid-pictures button").first.click()
    expect(tab.locator("#compare")).to_be_visible()


def test_a_generator_of_ones_own_is_drawn_with_along_its_directions(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own").mkdir()
    weights = save_generator(tmp_path / "own" / "generate_blobs.safetensors", named=("smile",))
    facts = {"licence": "none", "trained_on": "none", "recipe": "none", "score": "none"}
    add_row(weights, task="generate", labels={"model": "blobs"}, **facts)
    monkeypatch.setenv("GANEDIT_WEIGHTS", str(weights.parent))
    words = ("--model", "blobs", "--seed", 5, *EXACT, "-o")
    assert run("generate", *words, tmp_path / "plain.png").code == 0
    assert run("generate", "--direction", "smile=2.5", *words, tmp_path / "far.png").code == 0
    varied = ("--model", "blobs", "--direction", "smile=1", *EXACT, "-o", tmp_path / "varied.png")
    assert run("vary", 5, *varied).code == 0
    with command("--folder", tmp_path) as (url, process), opened(browser, url) as tab:
        tab.get_by_role("tab", name="Generate").click()
        expect(tab.locator(".lacks")).to_have_count(0)
        expect(tab.get_by_role("radio", name="blobs")).to_be_checked()  # there is no other
        tab.get_by_label("Seed", exact=True).first.fill("5")
        tab.locator("#start").click()
        plain = downloaded(tab, tab.locator("#download"), tmp_path / "web_plain.png")
        slider = tab.get_by_role("slider", name="Direction smile")
        slider.focus()
        for _ in range(10):
            slider.press("ArrowRight")
        expect(tab.locator(".amount", has_text="smile")).to_contain_text("2.5")
        tab.locator("#start").click()
        expect(tab.locator("#line .job.done")).to_have_count(2)
        tab.locator("#line .job.done .link").first.click()
        far = downloaded(tab, tab.locator("#download"), tmp_path / "web_far.png")
        # A seed stands for the picture that is varied.
        tab.get_by_role("tab", name="Vary").click()
        expect(tab.locator("#hint")).to_contain_text("Open a picture, or fill in “Seed”.")
        expect(tab.locator("#start")).to_be_disabled()
        tab.get_by_role("radio", name="blobs").check()
        tab.get_by_label("Seed", exact=True).first.fill("5")
        tab.get_by_role("slider", name="Direction smile").focus()
        for _ in range(4):
            tab.get_by_role("slider", name="Direction smile").press("ArrowRight")
        tab.locator("#start").click()
        expect(tab.locator("#line .job.done")).to_have_count(3)
        expect(tab.locator("#again")).to_be_visible()
        seeded = downloaded(tab, tab.locator("#download"), tmp_path / "web_varied.png")
        assert complaints(tab) == []
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    for ours, theirs in ((plain, "plain.png"), (far, "far.png"), (seeded, "varied.png")):
        assert ours.read_bytes() == (tmp_path / theirs).read_bytes()
    assert plain.read_bytes() != far.read_bytes()


def test_every_control_has_a_name_and_all_goes_by_keyboard(tab: Tab, tmp_path: Path) -> None:
    tab.set_input_files("#file", write_photo(tmp_path / "photo.png", 120, 90))
    tab.locator("#strip .thumb").wait_for()
    tabs = tab.get_by_role("tab")
    tabs.first.focus()
    for number in range(tabs.count()):
        expect(tabs.nth(number)).to_be_focused()
        expect(tabs.nth(number)).to_have_attribute("aria-selected", "true")
        for folded in tab.locator("details:not([open]) summary").all():
            folded.press("Enter")
        tree = tab.locator("body").aria_snapshot()
        assert not re.findall(rf"^ *- (?:{CONTROLS})(?: \[[^\]]*\])*:?$", tree, re.MULTILINE)
        assert re.search(r'- (button|slider|spinbutton) "', tree)
        tabs.nth(number).focus()
        tab.keyboard.press("ArrowRight")
    tab.locator("#viewer").focus()
    before = tab.locator("#zoom").inner_text()
    tab.keyboard.press("+")
    expect(tab.locator("#zoom")).not_to_have_text(before)
    tab.keyboard.press("0")
    expect(tab.locator("#zoom")).to_have_text(before)
    unlabelled = tab.evaluate("[...document.querySelectorAll('img:not([alt])')].length")
    assert unlabelled == 0


def test_what_has_to_be_filled_in_first_is_asked_for(tab: Tab) -> None:
    tab.get_by_role("tab", name="Walk").click()
    expect(tab.locator("#hint")).to_contain_text("Fill in “Seeds”.")
    expect(tab.locator("#start")).to_be_disabled()
    tab.get_by_label("Seeds", exact=True).fill("3,8")
    expect(tab.locator("#hint")).to_be_empty()
    expect(tab.locator("#start")).to_be_enabled()
    expect(tab.locator("#sizes")).to_contain_text("64×64")


def test_axe_finds_nothing_to_complain_of_contrast_included(tab: Tab, tmp_path: Path) -> None:
    tab.set_input_files("#file", write_photo(tmp_path / "photo.png", 120, 90))
    tab.locator("#strip .thumb").wait_for()
    wrong = {}
    for name in ("Upscale", "Fill", "Translate", "Style", "Generate", "Sleep", "Scribble"):
        tab.get_by_role("tab", name=name, exact=True).click()
        tab.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true })")
        wrong[name] = complaints(tab)
    tab.get_by_role("tab", name="Sleep").click()
    tab.locator("#start").click()
    tab.locator("#download").wait_for()
    wrong["a result"] = complaints(tab)
    tab.get_by_role("radio", name="A folder").check()
    wrong["a folder"] = complaints(tab)
    tab.get_by_role("button", name="Folder of pictures").click()
    tab.get_by_role("button", name="Take this folder").wait_for()
    wrong["the dialog"] = complaints(tab)
    assert not {name: found for name, found in wrong.items() if found}


def complaints(tab: Tab) -> list[str]:
    """What axe finds wrong, each with the elements.

    Evaluating waits for ever for a page that hangs; what axe tells is waited for as all else.
    """
    if not tab.evaluate("'axe' in window"):
        tab.evaluate(Axe().axe_script)
    with tab.expect_console_message(lambda line: line.type == "debug") as told:
        tab.evaluate("""() => { setTimeout(async () => {
            const { violations } = await axe.run({ resultTypes: ["violations"] });
            console.debug(JSON.stringify(violations));
        }); }""")
    found = json.loads(told.value.text)
    return [f"{each['id']}: {[node['html'][:120] for node in each['nodes']]}" for each in found]


def test_a_slow_press_and_a_slow_hand_outlive_what_changes_meanwhile(
    tab: Tab, tmp_path: Path
) -> None:
    photo = write_photo(tmp_path / "photo.png")
    tab.get_by_role("tab", name="Sleep").click()
    tab.set_input_files("#file", photo)
    tab.locator("#strip .thumb").wait_for()
    seconds = tab.get_by_role("spinbutton", name="Seconds")
    seconds.fill("40")
    seconds.select_text()
    # Meanwhile another picture is opened: what was selected is still replaced by what is typed.
    tab.set_input_files("#file", photo)
    expect(tab.locator("#strip .thumb")).to_have_count(2)
    tab.keyboard.type("500")
    expect(seconds).to_have_value("500")
    tab.locator("#start").click()
    stop = tab.get_by_role("button", name="Stop Sleep photo.png")
    expect(tab.locator("#line")).to_contain_text("50 %")
    stop.hover()
    tab.mouse.down()
    tab.wait_for_timeout(1500)  # jobs are looked at several times
    tab.mouse.up()
    stop.wait_for(state="detached")
    expect(tab.locator("#line .stopped").first).to_be_visible()


def test_the_line_is_in_order_stopped_cleared_and_downloaded_whole(
    tab: Tab, page: Page, tmp_path: Path
) -> None:
    for job in page.ask("GET", "/api/jobs").json["jobs"]:
        page.ask("DELETE", f"/api/jobs/{job['id']}")
    tab.reload()
    tab.locator("body.ready").wait_for()
    tab.get_by_role("tab", name="Sleep").click()
    photos = [write_photo(tmp_path / name / "photo.png", seed=n) for n, name in enumerate("ab")]
    tab.set_input_files("#file", photos[0])
    tab.set_input_files("#file", [*photos, write_photo(tmp_path / "last.png")][1:])
    expect(tab.locator("#strip .thumb")).to_have_count(3)
    tab.get_by_role("spinbutton", name="Seconds").fill("0")
    tab.get_by_role("button", name="All 3").click()
    expect(tab.locator("#line .done")).to_have_count(3)
    archive = downloaded(tab, tab.get_by_role("link", name="Download all"), tmp_path / "all.zip")
    with zipfile.ZipFile(archive) as files:
        assert files.namelist() == ["photo_sleep.png", "photo_sleep (2).png", "last_sleep.png"]
    tab.get_by_role("spinbutton", name="Seconds").fill("500")
    tab.get_by_role("button", name="All 3").click()
    expect(tab.locator("#line .job")).to_have_count(6)
    expect(tab.locator("#line .job").first).to_contain_text("50 %")
    expect(tab.locator("#line .job").nth(2)).to_contain_text("last.png")
    expect(tab.locator("#line .job").nth(2)).to_contain_text("waits in line")
    tab.get_by_role("button", name="Stop all").click()
    expect(tab.locator("#line .stopped")).to_have_count(3)
    tab.get_by_role("button", name="Clear").click()
    expect(tab.locator("#jobs")).to_be_hidden()
    assert page.ask("GET", "/api/jobs").json["jobs"] == []


def test_what_is_drawn_in_the_page_is_the_picture(tab: Tab, tmp_path: Path) -> None:
    tab.get_by_role("tab", name="Scribble").click()
    tab.get_by_role("button", name="Draw one…").click()
    paint(tab, (0.4, 0.5), (0.6, 0.5))
    tab.locator("#ink").fill("#ff0000")
    paint(tab, (0.5, 0.4), (0.5, 0.6))
    paint(tab, (0.3, 0.3), (0.31, 0.3))
    tab.get_by_role("button", name="Undo").click()
    tab.locator("#start").click()
    drawn = pixels(downloaded(tab, tab.locator("#download"), tmp_path / "drawn.png"))
    assert drawn.shape == (768, 768, 3)
    assert (drawn[0, 0] == 255).all()
    assert (drawn[384, 384] == (255, 0, 0)).all()  # over the black stroke
    black = (drawn == 0).all(axis=2)
    assert black.any()
    assert black.sum() < 0.05 * black.size
    # Painting goes on where it was, after a reload too.
    tab.reload()
    tab.locator("body.ready").wait_for()
    tab.locator("#brushes").wait_for()
    paint(tab, (0.5, 0.7), (0.55, 0.7))
    tab.locator("#start").click()
    expect(tab.locator("#line .job.done")).not_to_have_count(0)
    tab.locator("#download").wait_for()
    more = pixels(downloaded(tab, tab.locator("#download"), tmp_path / "more.png"))
    changed = (drawn != more).any(axis=2)
    assert changed.any()
    assert not changed[: int(0.6 * 768)].any()
    # In another tab it is a picture as any other.
    tab.get_by_role("tab", name="Sleep").click()
    tab.get_by_role("spinbutton", name="Seconds").fill("0")
    tab.locator("#start").click()
    again = pixels(downloaded(tab, tab.locator("#download"), tmp_path / "again.png"))
    assert (again == more).all()


def test_transparency_is_seen_and_each_pixel_drawn_once(tab: Tab, tmp_path: Path) -> None:
    logo = np.zeros((64, 64, 4), np.uint8)
    logo[:, :32] = (0, 0, 255, 128)
    PIL.Image.fromarray(logo).save(tmp_path / "logo.png")
    tab.set_input_files("#file", tmp_path / "logo.png")
    tab.locator("#strip .thumb").wait_for()
    tab.get_by_role("button", name="1:1").click()
    tab.wait_for_timeout(500)
    seen = shown(tab)
    height, width = seen.shape[:2]
    middle = seen[height // 2 - 20 : height // 2 + 20, width // 2 - 28 : width // 2 + 28]
    clear, half = middle[:, 30:], middle[:, :26]
    light, dark = clear.max(axis=(0, 1)), clear.min(axis=(0, 1))
    assert (light > dark).all()  # chequered
    for board in (light, dark):  # and half of it under the blue
        expected = (board + np.array([0.0, 0.0, 255.0])) / 2
        assert np.abs(half - expected).max(axis=2).min() <= 3
    assert half[..., 0].min() >= 0.4 * dark[0]
    assert (seen[:, : width // 2 - 40].max(axis=2) < 40).all()  # beside it the stage
    assert (seen[height // 2 + 40 :].max(axis=2) < 40).all()


def test_pictures_are_pasted_and_dropped_and_a_damaged_one_is_told_at_once(
    tab: Tab, tmp_path: Path
) -> None:
    photo = write_photo(tmp_path / "photo.png", 120, 90)
    hand_over(tab, photo, "paste")
    expect(tab.locator("#strip .thumb")).to_have_count(1)
    hand_over(tab, photo, "drop")
    expect(tab.locator("#strip .thumb")).to_have_count(2)
    expect(tab.locator("#facts")).to_contain_text("photo.png · 120×90")
    with PIL.Image.open(photo) as picture:
        picture.save(tmp_path / "whole.jpg")
    (tmp_path / "cut.jpg").write_bytes((tmp_path / "whole.jpg").read_bytes()[:1500])
    tab.set_input_files("#file", tmp_path / "cut.jpg")
    expect(tab.locator("#hint")).to_contain_text("truncated")


def hand_over(tab: Tab, file: Path, event: str) -> None:
    """A file as the clipboard or the mouse bring it."""
    tab.evaluate(
        """([name, bytes, event]) => {
        const carried = new DataTransfer();
        carried.items.add(new File([new Uint8Array(bytes)], name, { type: "image/png" }));
        const [kind, key] = event === "paste"
          ? [ClipboardEvent, "clipboardData"] : [DragEvent, "dataTransfer"];
        document.getElementById("stage").dispatchEvent(
          new kind(event, { [key]: carried, bubbles: true, cancelable: true }));
        }""",
        [file.name, list(file.read_bytes()), event],
    )


def test_a_large_file_says_how_much_of_it_has_gone(tab: Tab, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (1300, 1300, 3), dtype=np.uint8)
    PIL.Image.fromarray(noise).save(tmp_path / "noise.png", compress_level=0)
    tab.evaluate(
        """() => { window.said = new Set();
        new MutationObserver(() => window.said.add(document.getElementById("told").textContent))
          .observe(document.getElementById("told"), { childList: true }); }"""
    )
    network = tab.context.new_cdp_session(tab)
    network.send("Network.emulateNetworkConditions", {
        "offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 4e6,
    })  # fmt: skip
    tab.set_input_files("#file", tmp_path / "noise.png")
    tab.locator("#strip .thumb").wait_for()
    said = " ".join(tab.evaluate("[...window.said]"))
    assert re.search(r"Sending noise.png: \d+ %", said)
    assert "noise.png: 1300×1300" in said


def test_a_style_is_chosen_by_its_name_before_anything_can_start(tab: Tab, tmp_path: Path) -> None:
    tab.set_input_files("#file", write_photo(tmp_path / "photo.png", 120, 90))
    tab.get_by_role("tab", name="Style", exact=True).click()
    expect(tab.locator("#hint")).to_have_text("Choose a style.")
    assert tab.locator("#start").is_disabled()
    names = tab.locator(".gallery .style:not(.add)")
    assert names.count() >= 15
    assert all(name.strip() for name in names.all_inner_texts())
    hokusai = tab.get_by_role("button", name="hokusai")
    hokusai.press("Enter")
    expect(hokusai).to_have_attribute("aria-pressed", "true")
    expect(hokusai).to_be_focused()
    expect(tab.locator("#start")).to_be_enabled()
    expect(tab.locator("#hint")).to_contain_text("If you like, paint where")


def test_the_page_fits_a_phone(page: Page, tab: Tab, tmp_path: Path) -> None:
    tab.set_viewport_size({"width": 390, "height": 844})
    tab.get_by_role("tab", name="Fill").click()
    tab.set_input_files("#file", write_photo(tmp_path / "photo.png", 120, 90))
    tab.locator("#strip .thumb").wait_for()
    wide = tab.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide[0] <= wide[1]
    for name in ("Fill", "Undo", "Fit"):
        box = tab.get_by_role("button", name=name, exact=True).bounding_box()
        assert box is not None
        assert box["height"] >= 40
        assert box["x"] + box["width"] <= 390
