"""A conditional generator as one would add it: labels, two critics, a penalty of its own."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganedit import losses
from ganedit.training.task import Batch, Fakes, Losses, Networks, Phase, Scores, Step


class ToyTask:
    name, pool, options, network = "toy", 3, {"toy": True}, {}

    def build(self) -> Networks:
        sides = {"whole": 48, "half": 12}
        critics = {n: nn.Sequential(nn.Flatten(), nn.Linear(i, 3)) for n, i in sides.items()}
        return Networks({"generator": nn.Linear(5, 48)}, critics, {"shrink": nn.AvgPool2d(2)})

    def phases(self, networks: Networks) -> list[Phase]:
        penalty = Phase(("whole",), self.penalty, every=4)
        learning = Phase(("generator",), self.generator_loss, every=3, start=2)
        return [Phase(("whole", "half"), self.critic_loss), penalty, learning]

    def __getitem__(self, step: int) -> Batch:
        label = torch.arange(step, step + 8).remainder(3).byte()
        return {"real": 80 * label.view(8, 1, 1, 1).expand(8, 3, 4, 4), "label": label}

    def batches(self, seed: int, held_out: float) -> "ToyTask":
        return self

    def held_out(self, share: float) -> list[Batch]:
        return [self[1 << 20]]

    def generate(self, step: Step) -> Fakes:
        label = F.one_hot(step.batch["label"].long(), 3)
        whole = step.networks["generator"](torch.cat([label, torch.randn(8, 2)], dim=1))
        whole = whole.view(-1, 3, 4, 4).sigmoid()
        return {"whole": whole, "half": step.networks["shrink"](whole), "label": label}

    def verdicts(self, step: Step, label: Tensor, **seen: Tensor) -> Losses:
        return {n: (step.networks[n](x) * label).sum(1) for n, x in seen.items()}

    def critic_loss(self, step: Step) -> Losses:
        fake, real = self.verdicts(step, **step.fakes), step.batch["real"]
        half, label = step.networks["shrink"](real), F.one_hot(step.batch["label"].long(), 3)
        truth = self.verdicts(step, label, whole=real, half=half)
        return {name: losses.critic_loss("hinge", truth[name], fake[name]) for name in fake}

    def penalty(self, step: Step) -> Losses:
        return {"penalty": losses.gradient_norm_penalty(step.networks["whole"], step.batch["real"])}

    def generator_loss(self, step: Step) -> Losses:
        terms = {n: -x.mean() for n, x in self.verdicts(step, **step.fakes).items()}
        return {"generator": (1 - 0.5 * step.done) * terms["whole"], "other": terms["half"]}

    def score(self, steps: list[Step]) -> Scores:
        error = float(F.l1_loss(steps[0].fakes["whole"], steps[0].batch["real"]))
        return Scores({"error": error}, -error)

    def sample(self, step: Step) -> list[Tensor]:
        return [step.fakes["whole"], step.batch["real"]]
