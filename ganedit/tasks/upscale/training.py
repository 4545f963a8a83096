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
from ganedit.nets.critics import PatchCritic, UNetCritic
from ganedit.scores import Scores, mean_scores
from ganedit.tasks.upscale.data import Crops, UpscaleBatches
from ganedit.tasks.upscale.edit import load_network
from ganedit.tasks.upscale.network import Upscaler
from ganedit.tasks.upscale.options import UpscaleTraining
from ganedit.tasks.upscale.teacher import SIDE as TEACHER_SIDE
from ganedit.tasks.upscale.teacher import TeacherPairs
from ganedit.training.sight import FAKE, REAL, SEEN, WANTED, Sight
from ganedit.training.task import (
    GENERATOR,
    Batch,
    Fakes,
    HeldOutScores,
    Losses,
    Networks,
    Phase,
    Step,
    layers_of,
    scored_batches,
)

# What a critic of features looks at in VGG19: edges, texture, parts of things.
JUDGED = ("relu2_2", "relu3_4", "relu4_4")
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
        by_features = training.critic == "features" and training.adversarial_weight > 0
        judged = JUDGED if by_features else ()
        self.sight = Sight.of(training, judged) if self.adversarial_phase else None
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
            critics["critic"] = self._new_critic()
        frozen = {} if self.sight is None else self.sight.frozen
        if self.teacher is not None:
            frozen["teacher"] = self.teacher
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
        return self.looked_at(step, step.networks[GENERATOR](step.batch["low"]))

    def looked_at(self, step: Step, high: Tensor) -> Fakes:
        """`high`, the `target` it should be like, and what frozen networks see in both."""
        fakes = {"high": high, "target": self._target(step)}
        if self.sight is None:
            return fakes
        # The phases of the shuffle lie on a grid too, and their period is VGG's of two poolings.
        look = draw_look(high.shape[-1])
        return {**fakes, **self.sight.see(high, fakes["target"], look)}

    def generator_loss(self, step: Step) -> Losses:
        options, real, fakes = self.training, step.fakes["target"], step.fakes["high"]
        if not self.adversarial_phase:
            pixel = PIXEL_LOSSES[options.pixel_loss]
            return {f"pixel_{options.pixel_loss}": pixel(fakes, real)}
        seen, wanted = layers_of(step.fakes, SEEN), layers_of(step.fakes, WANTED)
        drift = losses.phase_drift(fakes, real, options.network.scale)
        result = {
            "pixel": options.pixel_weight * F.l1_loss(fakes, real),
            "grid": options.grid_weight * drift,
            "perceptual": options.perceptual_weight * losses.perceptual(seen, wanted),
        }
        if not step.networks.critics:
            return result
        critic = step.networks["critic"]
        ours, theirs = self._shown_to_critic(step)
        scores = critic(ours)
        with torch.no_grad():
            real_scores = critic(theirs) if options.adversarial == "relativistic" else None
        adversarial = losses.generator_loss(options.adversarial, scores, real_scores)
        return {**result, "adversarial": options.adversarial_weight * adversarial}

    def critic_loss(self, step: Step) -> Losses:
        options, critic = self.training, step.networks["critic"]
        fakes, real = self._shown_to_critic(step)
        result = {"critic": losses.critic_loss(options.adversarial, critic(real), critic(fakes))}
        # One of features goes without a penalty: spectral norm holds its few layers.
        by_pixels = options.critic != "features"
        if by_pixels and options.penalty_weight and step.due(options.penalty_every):
            if options.adversarial == "wasserstein":
                penalty = losses.gradient_penalty(critic, real, fakes)
            else:
                penalty = losses.gradient_norm_penalty(critic, real)
                penalty = penalty + losses.gradient_norm_penalty(critic, fakes)
            result["penalty"] = options.penalty_weight * options.penalty_every * penalty
        return result

    def _shown_to_critic(self, step: Step) -> tuple[Any, Any]:
        """Enlarged pictures and their targets as the critic sees them."""
        fakes = step.fakes
        if self.training.critic == "features":
            return layers_of(fakes, FAKE), layers_of(fakes, REAL)
        augment = self._augmentation(fakes["high"])
        return augment(fakes["high"]), augment(fakes["target"])

    def _new_critic(self) -> nn.Module:
        match self.training.critic:
            case "unet":
                return UNetCritic()
            case "patch":
                return PatchCritic()
        assert self.sight is not None
        return self.sight.critic()

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
            if self.sight is not None:
                seen, wanted = self.sight.vgg(fakes), self.sight.vgg(real)
                rows[-1]["PD"] = float(losses.perceptual(seen, wanted))
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
