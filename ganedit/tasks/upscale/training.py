"""How an upscaler is trained: fidelity first, then adversarial from there."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganedit import losses, metrics
from ganedit.data.augment import Augment, draw_augmentation, draw_look
from ganedit.data.pictures import Part
from ganedit.errors import UsageError
from ganedit.nets.critics import PatchCritic, UNetCritic
from ganedit.nets.vgg import VGG19Features
from ganedit.scores import Scores, mean_scores
from ganedit.tasks.upscale.data import UpscaleBatches
from ganedit.tasks.upscale.edit import load_upscaler
from ganedit.tasks.upscale.network import Upscaler
from ganedit.tasks.upscale.options import UpscaleTraining
from ganedit.training.task import (
    GENERATOR,
    Batch,
    Fakes,
    HeldOutScores,
    Losses,
    Networks,
    Phase,
    Step,
    scored_batches,
)

# Of the target of the fidelity phase, where there is a teacher.
TEACHER_SHARE = 0.5
PIXEL_LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "l1": F.l1_loss,
    "l2": F.mse_loss,
    "psnr": losses.log_squared_error,
}


class UpscaleTask:
    """SRGAN's recipe (Ledig et al. 2017) with a relativistic critic that scores every pixel."""

    name = "upscale"
    pool = 0

    def __init__(self, training: UpscaleTraining) -> None:
        self.training = training
        self.adversarial_phase = training.phase == "adversarial"
        self.vgg = VGG19Features(training.vgg) if self.adversarial_phase else None
        self.teacher = _teacher(training)

    @property
    def options(self) -> Mapping[str, Any]:
        return self.training.plain()

    @property
    def network(self) -> Mapping[str, Any]:
        return asdict(self.training.network)

    def build(self) -> Networks:
        critics: dict[str, nn.Module] = {}
        if self.adversarial_phase and self.training.adversarial_weight:
            critics["critic"] = UNetCritic() if self.training.critic == "unet" else PatchCritic()
        helpers = {"vgg": self.vgg, "teacher": self.teacher}
        frozen = {name: network for name, network in helpers.items() if network is not None}
        return Networks({GENERATOR: Upscaler(self.training.network)}, critics, frozen)

    def phases(self, networks: Networks) -> Sequence[Phase]:
        learning = Phase((GENERATOR,), self.generator_loss)
        return [learning, Phase(("critic",), self.critic_loss)] if networks.critics else [learning]

    def batches(self, seed: int, held_out: float) -> UpscaleBatches:
        return UpscaleBatches(self.training, seed, Part(held_out))

    def held_out(self, share: float) -> Sequence[Batch]:
        batches = UpscaleBatches(self.training, 0, Part(share, training=False))
        return scored_batches(batches, self.training.batch) if len(batches.pictures) else []

    def generate(self, step: Step) -> Fakes:
        return {"high": step.networks[GENERATOR](step.batch["low"])}

    def generator_loss(self, step: Step) -> Losses:
        options, real, fakes = self.training, step.batch["high"], step.fakes["high"]
        if not self.adversarial_phase:
            pixel = PIXEL_LOSSES[options.pixel_loss]
            if self.teacher is not None:
                guess = guess_turned(self.teacher, step.batch["low"])
                real = torch.lerp(real, guess, TEACHER_SHARE)
            return {f"pixel_{options.pixel_loss}": pixel(fakes, real)}
        assert self.vgg is not None
        # The phases of the shuffle lie on a grid too, and their period is VGG's of two poolings.
        look = draw_look(real.shape[-1])
        with torch.no_grad():
            target = self.vgg(look(real))
        perceptual = losses.perceptual(self.vgg(look(fakes)), target)
        drift = losses.phase_drift(fakes, real, options.network.scale)
        result = {
            "pixel": options.pixel_weight * F.l1_loss(fakes, real),
            "grid": options.grid_weight * drift,
            "perceptual": options.perceptual_weight * perceptual,
        }
        if not step.networks.critics:
            return result
        critic, augment = step.networks["critic"], self._augmentation(real)
        scores = critic(augment(fakes))
        with torch.no_grad():
            relativistic = options.adversarial == "relativistic"
            real_scores = critic(augment(real)) if relativistic else None
        adversarial = losses.generator_loss(options.adversarial, scores, real_scores)
        return {**result, "adversarial": options.adversarial_weight * adversarial}

    def critic_loss(self, step: Step) -> Losses:
        options, critic, fakes = self.training, step.networks["critic"], step.fakes["high"]
        augment = self._augmentation(fakes)
        real, fakes = augment(step.batch["high"]), augment(fakes)
        result = {"critic": losses.critic_loss(options.adversarial, critic(real), critic(fakes))}
        if options.penalty_weight and step.due(options.penalty_every):
            if options.adversarial == "wasserstein":
                penalty = losses.gradient_penalty(critic, real, fakes)
            else:
                penalty = losses.gradient_norm_penalty(critic, real)
                penalty = penalty + losses.gradient_norm_penalty(critic, fakes)
            result["penalty"] = options.penalty_weight * options.penalty_every * penalty
        return result

    def score(self, steps: Sequence[Step]) -> HeldOutScores:
        """PSNR-Y and, where VGG19 is there anyway, PD, which then decides."""
        rows: list[Scores] = []
        for step in steps:
            real, fakes = step.batch["high"], step.fakes["high"].float().clamp(0, 1)
            pairs = list(zip(metrics.luma(fakes), metrics.luma(real), strict=True))
            rows.append({"PSNR-Y": sum(metrics.psnr(a, b) for a, b in pairs) / len(pairs)})
            if self.vgg is not None:
                rows[-1]["PD"] = float(losses.perceptual(self.vgg(fakes), self.vgg(real)))
        values = mean_scores(rows)
        return HeldOutScores(values, -values["PD"] if self.adversarial_phase else values["PSNR-Y"])

    def sample(self, step: Step) -> list[Tensor]:
        scale = self.training.network.scale
        before = F.interpolate(step.batch["low"].float(), scale_factor=scale, mode="nearest")
        return [before, step.fakes["high"], step.batch["high"]]

    def _augmentation(self, pictures: Tensor) -> Augment:
        if not self.training.augment:
            return lambda unchanged: unchanged
        return draw_augmentation(pictures.shape[-1], pictures.device)


def _teacher(training: UpscaleTraining) -> Upscaler | None:
    if training.teacher is None:
        return None
    network = load_upscaler(training.teacher)
    if network.options.scale != training.network.scale:
        raise UsageError(
            f"--teacher {training.teacher}: enlarges x{network.options.scale}, the network to be "
            f"trained x{training.network.scale}; give one of the same --scale"
        )
    return network.requires_grad_(False)


@torch.no_grad()
def guess_turned(network: Callable[[Tensor], Tensor], low: Tensor) -> Tensor:
    """What a network makes of square pictures turned and mirrored at random, turned back.

    The mean over the eight ways is nearer to the truth than any one of them (Timofte et al. 2016),
    and free of what no network can know, which is most of the noise in a target. A squared error
    to one way drawn anew each step has the gradient of that to the mean, without its cost.
    """
    turns, mirrored = int(torch.randint(4, ())), bool(torch.randint(2, ()))
    low = torch.rot90(low, turns, (2, 3))
    guess = network(low.flip(3)).flip(3) if mirrored else network(low)
    return torch.rot90(guess, -turns, (2, 3))
