"""How a stylizer is trained: contents stay what they are, styles are met, itself is left alone."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ganedit import losses, metrics
from ganedit.data.augment import LOOK_SHIFT, draw_look
from ganedit.data.pictures import Part
from ganedit.grain import grained
from ganedit.nets.vgg import VGG19Features
from ganedit.scores import Scores, mean_scores
from ganedit.tasks.stylize.data import ExampleBatches, StylizeBatches, look_of
from ganedit.tasks.stylize.network import Stylizer
from ganedit.tasks.stylize.options import StylizeTraining
from ganedit.tasks.stylize.seen import LAYERS, Memory, Style, content_distance, content_of
from ganedit.training.task import (
    GENERATOR,
    Batch,
    Batches,
    Fakes,
    HeldOutScores,
    Losses,
    Networks,
    Phase,
    Step,
    scored_batches,
)

# Side of the squares whose light is compared, in pixels, and the deviation of luma, as a share of
# full scale, that even plain pictures are taken to have in common.
LIGHT_SIDE = 8
LEAST_CONTRAST = 0.02


class StylizeTask:
    """Arbitrary style transfer (Huang and Belongie 2017) with pictures that are their own style."""

    name = "stylize"
    pool = 0

    def __init__(self, training: StylizeTraining) -> None:
        self.training = training
        self.vgg = VGG19Features(training.vgg, LAYERS)
        self._contents = Memory(self._look_at_contents)
        self._styles = Memory(lambda pictures, views: Style.of(self.vgg(pictures)).parts)

    @property
    def options(self) -> Mapping[str, Any]:
        return self.training.plain()

    @property
    def network(self) -> Mapping[str, Any]:
        return asdict(self.training.network)

    def build(self) -> Networks:
        return Networks({GENERATOR: Stylizer(self.training.network)}, frozen={"vgg": self.vgg})

    def phases(self, networks: Networks) -> Sequence[Phase]:
        return [Phase((GENERATOR,), self.generator_loss)]

    def batches(self, seed: int, held_out: float) -> Batches:
        return self._batches(seed, Part(held_out))

    def held_out(self, share: float) -> Sequence[Batch]:
        batches = self._batches(0, Part(share, training=False))
        return scored_batches(batches, self.training.batch) if batches.enough else []

    def _batches(self, seed: int, part: Part) -> StylizeBatches | ExampleBatches:
        kind = ExampleBatches if self.training.examples else StylizeBatches
        return kind(self.training, seed, part)

    def generate(self, step: Step) -> Fakes:
        """The contents, painted."""
        return {"painted": self._paint(step, step.batch["style"])}

    def generator_loss(self, step: Step) -> Losses:
        return self._imitation(step) if self.training.examples else self._objective(step)

    def _imitation(self, step: Step) -> Losses:
        """How far pictures are from what another network painted, place by place."""
        painted, result = step.fakes["painted"], step.batch["result"]
        look = draw_look(self.training.crop)
        with torch.no_grad():
            wanted = self.vgg(look(result))
        seen = self.vgg(look(painted))
        return {
            "pixel": self.training.pixel_weight * (painted - result).abs().mean(),
            "perceptual": losses.perceptual(seen, wanted),
        }

    def _objective(self, step: Step) -> Losses:
        options, batch = self.training, step.batch
        painted = step.fakes["painted"]
        output, content, style = self._seen(step)
        beyond = (painted - painted.clamp(0, 1)).abs().mean()
        result = {
            "content": options.content_weight * content_distance(content_of(output), content).mean()
        }
        correlation = light_correlation(painted, batch["content"])
        result["light"] = options.light_weight * (1 - correlation).mean()
        ours = Style.of(output)
        result["style"] = options.style_weight * ours.distance(style).mean()
        result["covariance"] = options.covariance_weight * ours.covariance_distance(style).mean()
        itself = (batch["content_view"] == batch["style_view"]).float().view(-1, 1, 1, 1)
        change = (painted - batch["content"]).abs() * itself
        result["itself"] = options.pixel_weight * (change.mean() + beyond)
        return result

    def score(self, steps: Sequence[Step]) -> HeldOutScores:
        """Content and style distance of held-out pairs, and of pictures painted as themselves.

        All three by the weights of training decide.
        """
        options = self.training
        if options.examples:
            found = [self._imitation(step)["perceptual"] for step in steps]
            error = float(torch.stack(found).mean())
            return HeldOutScores({"PD": error}, -error)
        rows: list[Scores] = []
        for step in steps:
            output, content, style = self._seen(step)
            same = self._paint(step, step.batch["content"])
            again = self._look(same, step.batch["content_view"].tolist())
            rows.append(
                {
                    "content": float(content_distance(content_of(output), content).mean()),
                    "style": float(Style.of(output).distance(style).mean()),
                    "itself": float(content_distance(content_of(again), content).mean()),
                }
            )
        values = mean_scores(rows)
        weights = {"content": options.content_weight, "style": options.style_weight,
                   "itself": options.itself}  # fmt: skip
        return HeldOutScores(values, -sum(weights[name] * values[name] for name in values))

    def sample(self, step: Step) -> list[Tensor]:
        return [step.batch["content"], step.batch["style"], step.fakes["painted"]]

    def _paint(self, step: Step, styles: Tensor) -> Tensor:
        """The contents of a batch in these styles."""
        stylizer = step.networks[GENERATOR]
        assert isinstance(stylizer, Stylizer)
        contents = grained(step.batch["content"], self.training.network.grain)
        result: Tensor = stylizer(contents, stylizer.encode(styles))
        return result

    def _seen(self, step: Step) -> tuple[list[Tensor], Tensor, Style]:
        """What VGG19 sees in the painted pictures, of which content and style they are."""
        batch = step.batch
        output = self._look(step.fakes["painted"], batch["content_view"].tolist())
        (content,) = self._contents(batch["content"], batch["content_view"])
        style = Style.joined(self._styles(batch["style"], batch["style_view"]))
        return output, content.float(), style

    def _look(self, pictures: Tensor, views: Sequence[int]) -> list[Tensor]:
        side = pictures.shape[-1] - LOOK_SHIFT
        places = zip(pictures, map(look_of, views), strict=True)
        crops = [each[:, top : top + side, left : left + side] for each, (top, left) in places]
        # As it will be shown: what is out of range is cut off.
        seen: list[Tensor] = self.vgg(torch.stack(crops).clamp(0, 1))
        return seen

    def _look_at_contents(self, pictures: Tensor, views: Sequence[int]) -> list[Tensor]:
        return [content_of(self._look(pictures, views)).half()]


def light_correlation(output: Tensor, content: Tensor) -> Tensor:
    """Correlation of luma between pictures and what was painted of them, `(N,)` in [-1, 1].

    Of means over squares of `LIGHT_SIDE` pixels, in which single strokes are lost. That light and
    dark trade places is what people see first, and `content_distance` hardly sees. A plain picture
    has none to keep: `LEAST_CONTRAST` counts as kept in both.

    Args:
        output: `(N, 3, H, W)` RGB in [0, 1].
        content: the same.
    """
    lights = [
        F.avg_pool2d(metrics.luma(x.float()) / metrics.LUMA_RANGE, LIGHT_SIDE).flatten(1)
        for x in (output, content)
    ]
    ours, theirs = (light - light.mean(dim=1, keepdim=True) for light in lights)
    least = LEAST_CONTRAST**2
    shared = (ours * theirs).mean(dim=1) + least
    spreads = (ours.square().mean(dim=1) + least) * (theirs.square().mean(dim=1) + least)
    return shared * torch.rsqrt(spreads)
