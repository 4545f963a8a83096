"""How an upscaler is trained: fidelity first, then adversarial from there."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from filelock import FileLock
from torch import Tensor, nn
from tqdm import tqdm

from ganedit import losses, metrics, runtime
from ganedit.data.augment import Augment, draw_augmentation, draw_look
from ganedit.data.pictures import Part
from ganedit.data.seeding import generator_at
from ganedit.editing import placed, to_samples, to_tensor
from ganedit.errors import UsageError
from ganedit.nets.critics import FeatureCritic, PatchCritic, UNetCritic
from ganedit.nets.vgg import CHANNELS, LAYERS, VGG19Features
from ganedit.scores import Scores, mean_scores
from ganedit.tasks.upscale.data import Crops, UpscaleBatches
from ganedit.tasks.upscale.edit import load_network
from ganedit.tasks.upscale.network import Upscaler
from ganedit.tasks.upscale.options import UpscaleTraining
from ganedit.tasks.upscale.teacher import SIDE as TEACHER_SIDE
from ganedit.tasks.upscale.teacher import TeacherPairs
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

# What a critic of features looks at: edges, texture, parts of things.
FEATURES = ("relu2_2", "relu3_4", "relu4_4")
# The teacher's crops are the same whatever the seed of a training.
TEACHER_SEED = 77
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
        self.teacher = None if training.teacher is None else load_teacher(training)

    @property
    def options(self) -> Mapping[str, Any]:
        return self.training.plain()

    @property
    def network(self) -> Mapping[str, Any]:
        return asdict(self.training.network)

    def build(self) -> Networks:
        critics: dict[str, nn.Module] = {}
        if self.adversarial_phase and self.training.adversarial_weight:
            critics["critic"] = _CRITICS[self.training.critic]()
        helpers = {"vgg": self.vgg, "teacher": self.teacher}
        frozen = {name: network for name, network in helpers.items() if network is not None}
        return Networks({GENERATOR: Upscaler(self.training.network)}, critics, frozen)

    def phases(self, networks: Networks) -> Sequence[Phase]:
        learning = Phase((GENERATOR,), self.generator_loss)
        return [learning, Phase(("critic",), self.critic_loss)] if networks.critics else [learning]

    def batches(self, seed: int, held_out: float) -> UpscaleBatches:
        part, answered = Part(held_out), None
        if self.teacher is not None and self.training.teacher_pairs:
            answered = answered_pairs(self.training, self.teacher, part)
        return UpscaleBatches(self.training, seed, part, answered)

    def held_out(self, share: float) -> Sequence[Batch]:
        batches = UpscaleBatches(self.training, 0, Part(share, training=False))
        return scored_batches(batches, self.training.batch) if len(batches.crops.pictures) else []

    def generate(self, step: Step) -> Fakes:
        return {"high": step.networks[GENERATOR](step.batch["low"])}

    def generator_loss(self, step: Step) -> Losses:
        options, real, fakes = self.training, self._target(step), step.fakes["high"]
        if not self.adversarial_phase:
            pixel = PIXEL_LOSSES[options.pixel_loss]
            return {f"pixel_{options.pixel_loss}": pixel(fakes, real)}
        assert self.vgg is not None
        # The phases of the shuffle lie on a grid too, and their period is VGG's of two poolings.
        look = draw_look(real.shape[-1])
        with torch.no_grad():
            wanted = self.vgg(look(real))
        seen = self.vgg(look(fakes))
        drift = losses.phase_drift(fakes, real, options.network.scale)
        result = {
            "pixel": options.pixel_weight * F.l1_loss(fakes, real),
            "grid": options.grid_weight * drift,
            "perceptual": options.perceptual_weight * losses.perceptual(seen, wanted),
        }
        if not step.networks.critics:
            return result
        critic, ours, theirs = step.networks["critic"], chosen(seen), chosen(wanted)
        if options.critic != "features":
            augment = self._augmentation(real)
            ours, theirs = augment(fakes), augment(real)
        scores = critic(ours)
        with torch.no_grad():
            real_scores = critic(theirs) if options.adversarial == "relativistic" else None
        adversarial = losses.generator_loss(options.adversarial, scores, real_scores)
        return {**result, "adversarial": options.adversarial_weight * adversarial}

    def critic_loss(self, step: Step) -> Losses:
        options, critic, fakes = self.training, step.networks["critic"], step.fakes["high"]
        real = self._target(step)
        if options.critic == "features":
            return {"critic": self._told_apart_by_features(critic, real, fakes)}
        augment = self._augmentation(fakes)
        real, fakes = augment(real), augment(fakes)
        result = {"critic": losses.critic_loss(options.adversarial, critic(real), critic(fakes))}
        if options.penalty_weight and step.due(options.penalty_every):
            if options.adversarial == "wasserstein":
                penalty = losses.gradient_penalty(critic, real, fakes)
            else:
                penalty = losses.gradient_norm_penalty(critic, real)
                penalty = penalty + losses.gradient_norm_penalty(critic, fakes)
            result["penalty"] = options.penalty_weight * options.penalty_every * penalty
        return result

    def _told_apart_by_features(self, critic: nn.Module, real: Tensor, fakes: Tensor) -> Tensor:
        """Without a penalty: spectral norm holds its few layers."""
        assert self.vgg is not None
        look = draw_look(real.shape[-1])
        with torch.no_grad():
            seen = [chosen(self.vgg(look(pictures))) for pictures in (real, fakes)]
        return losses.critic_loss(self.training.adversarial, *(critic(x) for x in seen))

    def _target(self, step: Step) -> Tensor:
        """The truth, or between it and what a teacher says now."""
        truth = step.batch["high"]
        if self.teacher is None or self.training.teacher_pairs:
            return truth
        guess = guess_turned(self.teacher, step.batch["low"])
        return torch.lerp(truth, guess, self.training.teacher_weight)

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


_CRITICS: dict[str, Callable[[], nn.Module]] = {
    "unet": UNetCritic,
    "patch": PatchCritic,
    "features": lambda: FeatureCritic([CHANNELS[name] for name in FEATURES]),
}


def chosen(features: Sequence[Tensor]) -> Any:
    """Of all of VGG19's layers those that critics look at."""
    return [x for name, x in zip(LAYERS, features, strict=False) if name in FEATURES]


def load_teacher(training: UpscaleTraining) -> nn.Module:
    """The network to learn from: ours, or of another architecture."""
    assert training.teacher is not None
    network = load_network(training.teacher)
    if network.scale != training.network.scale:
        raise UsageError(
            f"--teacher {training.teacher}: enlarges x{network.scale}, the network to be trained "
            f"x{training.network.scale}; give one of the same --scale"
        )
    return network.requires_grad_(False)


def answered_pairs(training: UpscaleTraining, teacher: nn.Module, part: Part) -> TeacherPairs:
    """Crops of the training's pictures with the teacher's answers, all of them there."""
    assert training.teacher_folder is not None
    folders = training.teacher_data or training.data
    origin = {
        "teacher": training.teacher,
        "data": list(folders),
        "held_out": part.held_out,
        "model": training.model,
        "reduce": training.reduce,
    }
    training.teacher_folder.mkdir(parents=True, exist_ok=True)
    # Of several processes the first one asks, the others find the answers.
    with FileLock(training.teacher_folder / ".lock"):
        scale, count = training.network.scale, training.teacher_pairs
        pairs = TeacherPairs(training.teacher_folder, count, scale, origin)
        if pairs.finished < count:
            crops = Crops(training, folders, TEACHER_SIDE, part)
            where = runtime.choose()
            placed(teacher, where.device, where.dtype)
            with tqdm(total=count, initial=pairs.finished, unit="crop", desc="teacher") as bar:
                pairs.make(
                    lambda number: crops.pair(generator_at(TEACHER_SEED, number)),
                    _asked(teacher, where.device),
                    lambda done, _: bar.update(done - bar.n),
                )
    return pairs


def _asked(teacher: nn.Module, device: torch.device) -> Callable[[np.ndarray], np.ndarray]:
    """The teacher as a function of `(h, w, 3)` uint8 samples."""

    def ask(low: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return to_samples(teacher(to_tensor(low, device)).float(), low.dtype, 3)

    return ask


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
