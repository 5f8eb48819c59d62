# Makes the files beside it, with torch 2.11.0 and safetensors: a scripted trunk, archives that a suite may name by
# mistake, and what eager PyTorch computes with the trunk and a linear head on it.
import os
import sys
from typing import Dict

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

os.chdir(os.path.dirname(os.path.abspath(__file__)))
torch.set_num_threads(1)
torch.manual_seed(0)


class Trunk(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 4, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(4)
        self.conv2 = nn.Conv2d(4, 8, 3, stride=2, padding=1)
        self.bn2 = nn.BatchNorm2d(8)
        self.drop = nn.Dropout(0.0)

    def forward(self, image: Tensor) -> Dict[str, Tensor]:
        stem = torch.relu(self.bn1(self.conv1(image)))
        last = torch.relu(self.bn2(self.conv2(stem)))
        return {"features.0": stem, "features.1": last, "pooled": self.drop(last.mean([2, 3]))}

    @torch.jit.export
    def initialise(self):
        nn.init.normal_(self.conv1.weight, 0.0, 0.5)
        nn.init.normal_(self.conv2.weight, 0.0, 0.25)
        bias = self.conv2.bias
        if bias is not None:
            nn.init.zeros_(bias)


def reference(trunk, head):
    """Three steps of SGD on one batch."""
    x, y = torch.randn(6, 1, 8, 8), torch.arange(6) % 3
    out = {"x": x, "y": y, "head.weight": head.weight.detach().clone(), "head.bias": head.bias.detach().clone()}
    named = [(name, p) for name, p in trunk.named_parameters()] + [("head." + name, p) for name, p in head.named_parameters()]
    optimiser = torch.optim.SGD([p for _, p in named], lr=0.1, momentum=0.9, weight_decay=5e-4, fused=True)
    losses = []
    for step in range(3):
        optimiser.zero_grad()
        given = trunk(x)
        prediction = head(given["pooled"])
        loss = nn.functional.cross_entropy(prediction, y)
        loss.backward()
        losses.append(loss.detach())
        if step == 0:
            out |= {"out." + name: value.detach().clone() for name, value in given.items()}
            out["out.pred"] = prediction.detach().clone()
            out |= {"gradient." + name: p.grad.clone() for name, p in named}
        optimiser.step()
    out["losses"] = torch.stack(losses)
    out |= {"after." + name: value for name, value in trunk.state_dict().items()}
    out |= {"after.head." + name: value for name, value in head.state_dict().items()}
    trunk.eval()
    out["evaluated"] = head(trunk(x)["pooled"]).detach()
    return {name: value.contiguous() for name, value in out.items()}


class Nothing(Trunk):
    """Does not say how it begins."""

    initialise = None


class NoPooled(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 2, 3)

    def forward(self, image: Tensor) -> Dict[str, Tensor]:
        return {"features.0": self.conv1(image)}


class Tuple(NoPooled):
    def forward(self, image: Tensor) -> Tensor:
        return self.conv1(image)


class Writes(NoPooled):
    def forward(self, image: Tensor) -> Dict[str, Tensor]:
        torch.save([image], "ktbench-was-here")
        map = self.conv1(image)
        return {"features.0": map, "pooled": map.mean([2, 3])}


class WritesWhenRead(NoPooled):
    def forward(self, image: Tensor) -> Dict[str, Tensor]:
        map = self.conv1(image)
        return {"features.0": map, "pooled": map.mean([2, 3])}

    @torch.jit.export
    def __getstate__(self):
        return self.conv1.weight, self.training

    @torch.jit.export
    def __setstate__(self, state: tuple[Tensor, bool]):
        torch.save([state[0]], "ktbench-was-here")
        self.training = state[1]


if not torch.__version__.startswith("2.11.0"):
    sys.exit("these files are of torch 2.11.0, not " + torch.__version__)
trunk, head = Trunk(), nn.Linear(8, 3)
torch.jit.script(trunk).save("trunk.pt")
cpu = next(line.split(": ")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name"))
save_file(reference(trunk, head), "reference.safetensors",
          {"torch": torch.__version__, "cpu": cpu, "instructions": torch.backends.cpu.get_cpu_capability()})
os.chmod("reference.safetensors", 0o644)
torch.jit.script(Nothing()).save("stored_only.pt")
torch.jit.script(NoPooled()).save("no_pooled.pt")
torch.jit.script(Tuple()).save("a_tensor.pt")
torch.jit.script(Writes()).save("writes.pt")
torch.jit.script(WritesWhenRead()).save("writes_when_read.pt")
torch.jit.trace(Trunk().eval(), torch.zeros(1, 1, 8, 8), strict=False).save("traced.pt")
torch.jit.freeze(torch.jit.script(Nothing().eval())).save("frozen.pt")
torch.save(trunk.state_dict(), "state_dict.pt")
