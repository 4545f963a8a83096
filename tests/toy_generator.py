"""A conditional generator as one would add it: labels, two critics, a penalty of its own."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganedit import losses
from ganedit.training.task import Batch, Fakes, HeldOutScores, Losses, Networks, Phase, Step


class ToyTask:
    name, pool, options, network = "toy", 3, {"toy": True}, {}

    def build(self) -> Networks:
        a, b = (nn.Sequential(nn.Flatten(), nn.Linear(n, 3)) for n in (48, 12))
        learning, frozen = {"generator": nn.Linear(5, 48)}, {"shrink": nn.AvgPool2d(2)}
        return Networks(learning, {"whole": a, "half": b}, frozen)

    def phases(self, networks: Networks) -> list[Phase]:
        critics = [Phase(("whole", "half"), self.critic_loss), Phase(("whole",), self.penalty, 4)]
        return [*critics, Phase(("generator",), self.generator_loss, every=3, start=2)]

    def __getitem__(self, step: int) -> Batch:
        label = torch.arange(step, step + 8).remainder(3).byte()
        return {"real": 80 * label.view(8, 1, 1, 1).expand(8, 3, 4, 4), "label": label}

    def batches(self, seed: int, held_out: float) -> "ToyTask":
        return self

    def held_out(self, share: float) -> list[Batch]:
        return [self[1 << 20]]

    def generate(self, step: Step) -> Fakes:
        label = F.one_hot(step.batch["label"].long(), 3)
        x = step.networks["generator"](torch.cat([label, torch.randn(8, 2)], dim=1))
        whole = x.view(-1, 3, 4, 4).sigmoid()
        return {"whole": whole, "half": step.networks["shrink"](whole), "label": label}

    def verdicts(self, step: Step, label: Tensor, **seen: Tensor) -> Losses:
        return {n: (step.networks[n](x) * label).sum(1) for n, x in seen.items()}

    def critic_loss(self, step: Step) -> Losses:
        real, label = step.batch["real"], F.one_hot(step.batch["label"].long(), 3)
        truth = self.verdicts(step, label, whole=real, half=step.networks["shrink"](real))
        fake = self.verdicts(step, **step.fakes)
        return {name: losses.critic_loss("hinge", truth[name], fake[name]) for name in fake}

    def penalty(self, step: Step) -> Losses:
        return {"penalty": losses.gradient_norm_penalty(step.networks["whole"], step.batch["real"])}

    def generator_loss(self, step: Step) -> Losses:
        scores = self.verdicts(step, **step.fakes).items()
        return {f"generator_{n}": (step.done / 2 - 1) * x.mean() for n, x in scores}

    def score(self, steps: list[Step]) -> HeldOutScores:
        error = F.l1_loss(steps[0].fakes["whole"], steps[0].batch["real"]).item()
        return HeldOutScores({"error": error}, quality=-error)

    def sample(self, step: Step) -> list[Tensor]:
        return [step.fakes["whole"], step.batch["real"]]
