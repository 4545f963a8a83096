"""Steady detail: what comes and goes is averaged, what is there stays, cuts are respected."""

from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from clips import moving, write_clip
from command_line import run

from ganedit.image import Image
from ganedit.scene import Scene, once_a_scene, within
from ganedit.video.flicker import measure_flicker
from ganedit.video.motion import Motions, grey_of
from ganedit.video.scenes import CutFinder
from ganedit.video.settling import settled
from ganedit.video.steadying import CALM, NONE, SHARP, Steadiness, steadied


def noisy(frames: list[np.ndarray], seed: int = 0) -> list[np.ndarray]:
    """Frames with detail that is another one in each; of colours it is coarser, as networks'."""
    rng = np.random.default_rng(seed)
    results = []
    for frame in frames:
        grey = cv2.GaussianBlur(rng.normal(0, 14, frame.shape[:2]), (0, 0), 0.8)
        colors = cv2.GaussianBlur(rng.normal(0, 14, frame.shape), (0, 0), 2)
        noise = grey[:, :, None] + colors
        results.append((frame + noise).clip(0, 255).round().astype(np.uint8))
    return results


def steady(
    before: list[np.ndarray], after: list[np.ndarray], scenes: list[int]
) -> list[np.ndarray]:
    frames = zip(map(Image, before), map(Image, after), scenes, strict=True)
    return [result.samples for result in steadied(frames)]


def test_what_comes_and_goes_is_averaged_along_the_motion() -> None:
    before = moving(9)
    after = noisy(before)
    results = steady(before, after, [0] * 9)
    assert len(results) == 9
    inner = np.s_[8:-8, 8:-8]

    def flicker(frames: list[np.ndarray]) -> float:
        changes = [
            np.abs(one[:, 1:][inner].astype(float) - other[:, :-1][inner]).mean()
            for one, other in pairwise(frames)
        ]
        return float(np.mean(changes))

    assert flicker(results) < 0.75 * flicker(after)


def test_what_is_painted_anew_is_calmer() -> None:
    before = moving(11, speed=0)
    frames = list(zip(map(Image, before), map(Image, noisy(before)), [0] * 11, strict=True))

    def restless_after(how: Steadiness) -> float:
        return restless([result.samples for result in steadied(frames, how)])

    assert restless_after(CALM) < 0.7 * restless_after(SHARP) < 0.5 * restless_after(NONE)


def test_detail_that_is_always_there_stays() -> None:
    before = moving(7)
    sharp = [cv2.addWeighted(f, 1.8, cv2.GaussianBlur(f, (0, 0), 2), -0.8, 0) for f in before]
    for result, wanted in zip(steady(before, sharp, [0] * 7), sharp, strict=True):
        assert np.abs(result[8:-8, 8:-8].astype(int) - wanted[8:-8, 8:-8]).mean() < 2


def restless(frames: list[np.ndarray]) -> float:
    return float(np.mean([np.abs(a.astype(float) - b).mean() for a, b in pairwise(frames)]))


def test_what_stands_still_settles_before_it_is_edited() -> None:
    rng = np.random.default_rng(0)
    still = moving(24, speed=0)
    read = [
        (frame + rng.choice([-1, 0, 1], frame.shape)).clip(0, 255).astype(np.uint8)
        for frame in still
    ]
    results = [each.samples for each in settled(((Image(f), 0) for f in read), 8)]
    assert restless(results) < 0.35 * restless(read)
    for result, wanted in zip(results, still, strict=True):
        assert np.abs(result.astype(int) - wanted).max() <= 2
    same = [each.samples for each in settled(((Image(f), 0) for f in still), 8)]
    for result, wanted in zip(same, still, strict=True):
        np.testing.assert_array_equal(result, wanted)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_what_moves_is_not_settled(dtype: type) -> None:
    frames = [frame.astype(dtype) * (np.iinfo(dtype).max // 255) for frame in moving(9, speed=2)]
    for result, read in zip(settled(((Image(f), 0) for f in frames), 4), frames, strict=True):
        np.testing.assert_array_equal(result.samples, read)


def test_a_settled_frame_depends_on_those_near_it_and_not_on_other_scenes() -> None:
    rng = np.random.default_rng(0)
    frames = [
        (frame + rng.choice([-1, 0, 1], frame.shape)).clip(0, 255).astype(np.uint8)
        for seed in (1, 2)
        for frame in moving(12, speed=0, seed=seed)
    ]
    scenes = [0] * 12 + [1] * 12
    whole = [each.samples for each in settled(zip(map(Image, frames), scenes, strict=True), 4)]
    for start, stop, own in ((0, 10, range(6)), (2, 20, range(6, 16)), (12, 24, range(12, 24))):
        part = zip(map(Image, frames[start:stop]), scenes[start:stop], strict=True)
        results = [each.samples for each in settled(part, 4)]
        for number in own:
            np.testing.assert_array_equal(results[number - start], whole[number])


def test_flat_places_stand_still_whatever_noise_says() -> None:
    rng = np.random.default_rng(0)
    one, other = (rng.choice([119, 120, 121], (96, 128)).astype(np.uint8) for _ in range(2))
    assert Motions().stands_still(one, other).all()
    frame, moved_on = (grey_of(Image(f)) for f in moving(2, speed=2))
    assert not Motions().stands_still(frame, moved_on).any()


def test_frames_beyond_a_cut_are_not_looked_at() -> None:
    before = moving(4, seed=1) + moving(4, seed=2)
    after = noisy(before)
    both = steady(before, after, [0] * 4 + [1] * 4)
    first, second = steady(before[:4], after[:4], [0] * 4), steady(before[4:], after[4:], [0] * 4)
    for one, other in zip(both, [*first, *second], strict=True):
        np.testing.assert_array_equal(one, other)


def test_cuts_are_found_and_flashes_and_pans_are_none() -> None:
    frames = moving(8, seed=1, speed=4) + moving(8, seed=2, speed=4)
    flash = [frame.copy() for frame in moving(9, seed=3)]
    flash[4] = np.full_like(flash[4], 250)
    finder = CutFinder()
    for frame in (*frames, *flash):
        finder.add(frame)
    assert finder.cuts() == (0, 8, 16)


def test_what_is_held_is_made_once_a_scene() -> None:
    made: list[int] = []

    def make() -> int:
        made.append(len(made))
        return made[-1]

    assert [once_a_scene("a", make), once_a_scene("a", make)] == [0, 1]
    with within(Scene()):
        assert [once_a_scene("a", make), once_a_scene("a", make)] == [2, 2]
    assert once_a_scene("a", make) == 3


def test_flicker_is_told_beside_interpolation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = moving(5)
    write_clip(Path("a.mkv"), before, codec="ffv1", pixel_format="bgr0", sound=None)
    write_clip(Path("n.mkv"), noisy(before), codec="ffv1", pixel_format="bgr0", sound=None)
    table = measure_flicker(Path("a.mkv"), [Path("n.mkv"), Path("a.mkv")])
    assert table.means["bicubic"]["× bicubic"] == table.means["a.mkv"]["× bicubic"] == 1
    assert table.means["n.mkv"]["× bicubic"] > 3
    assert table.means["n.mkv"]["sharpness"] > table.means["a.mkv"]["sharpness"]
    done = run("evaluate", "video", "a.mkv", "n.mkv", "--json", "s.json")
    assert done.code == 0
    assert "× bicubic" in done.out
    write_clip(Path("short.mkv"), before[:3], codec="ffv1", pixel_format="bgr0", sound=None)
    done = run("evaluate", "video", "a.mkv", "short.mkv")
    assert (done.code, done.complaint) == (
        1, "short.mkv has 3 frames, a.mkv 5; frames are compared one by one",
    )  # fmt: skip


def test_drawings_of_frames_in_colour_are_grey_and_stay() -> None:
    before = [np.full((32, 32, 3), (60, 120, 200), np.uint8)] * 3
    after = [np.full((32, 32, 1), 220, np.uint8)] * 3
    for result in steady(before, after, [0] * 3):
        assert result.shape == (32, 32, 1)
        assert np.abs(result.astype(int) - 220).max() <= 1
