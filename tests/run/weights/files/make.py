# Makes the files beside it: python3 make.py, with PyTorch 2.11 and torchvision. They are what torch.save writes of a small
# network, in the forms that are met in the wild, and ResNet-18 with the outputs that PyTorch gives.
import argparse, collections, gzip, io, math, os, shutil
import torch, torch.nn as nn
from safetensors.torch import save_file
import torchvision

torch.manual_seed(0)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, bias=False)
        self.bn = nn.BatchNorm2d(4)
        self.layers = nn.Sequential(nn.Linear(4, 5), nn.Linear(5, 5))
        self.fc = nn.Linear(5, 3)


net = Net()
with torch.no_grad():
    for p in net.parameters():
        p.copy_(torch.arange(p.numel()).reshape(p.shape) / 8 - 1)  # exact in every type
    net.bn.running_mean.copy_(torch.tensor([0.5, 1, 1.5, 2]))
state = net.state_dict()
behind = lambda prefix, what: collections.OrderedDict((prefix + k, v) for k, v in what.items())
floats = lambda t: collections.OrderedDict((k, v.to(t) if v.is_floating_point() else v) for k, v in state.items())
save = torch.save
old = dict(_use_new_zipfile_serialization=False)

save(state, "zip.pth")
save(state, "legacy.pth", **old)
save(floats(torch.bfloat16), "bf16.pth")
save(floats(torch.float16), "f16_legacy.pth", **old)
save(dict(net.named_parameters()), "parameters.pth")
save(behind("module.", state), "data_parallel.pth")
opt = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
sum(p.sum() for p in net.parameters()).backward()
checkpoint = {"epoch": 3, "state_dict": state, "optimizer": opt.state_dict(), "best_acc": 71.3,
              "args": argparse.Namespace(lr=0.1, milestones=[1, 2])}
save(checkpoint, "checkpoint.pth")
save(checkpoint, "checkpoint_legacy.pth", **old)
save((state, 3), "tuple.pth")
save(net, "whole.pth")
other = collections.OrderedDict((k, v + 1) for k, v in state.items())
save({"state_dict": behind("module.encoder_q.", state) | behind("module.encoder_k.", other)}, "two.pth")
save({"model": state, "ema": state}, "twice.pth")
flat = torch.cat([p.detach().flatten() for p in state.values()])
views, at = collections.OrderedDict(), 0
for k, v in state.items():
    views[k] = flat[at:at + v.numel()].view(v.shape)
    at += v.numel()
views["layers.0.weight"] = state["layers.0.weight"].t().contiguous().t()
views["bn.num_batches_tracked"] = state["bn.num_batches_tracked"]
save(views, "views.pth")
quantised = collections.OrderedDict(state)
quantised["conv.weight"] = torch.quantize_per_tensor(state["conv.weight"], 0.1, 0, torch.qint8)
quantised["fc.weight"] = state["fc.weight"].to(torch.int8)
save(quantised, "quantised.pth")
save(floats(torch.float8_e4m3fn), "float8.pth")
nan = collections.OrderedDict((k, v.clone()) for k, v in state.items())
nan["conv.weight"][0, 0, 0, 0] = math.nan
save(nan, "nan.pth")
save({"epoch": 3}, "no_tensors.pth")


class Evil:
    def __reduce__(self):
        return os.system, ("touch pickle_was_run",)


save({"state_dict": state, "x": Evil()}, "evil.pth")
save({"state_dict": state, "x": Evil()}, "evil_legacy.pth", **old)
torch.jit.save(torch.jit.script(nn.Linear(3, 4)), "scripted.pt")

# ResNet-18 of numbers that repeat, so that it packs well. Outputs of two pictures.
resnet = torchvision.models.resnet18(num_classes=10).eval()
table = torch.sin(torch.arange(61) * 1.7)
with torch.no_grad():
    for name, t in resnet.state_dict().items():
        if t.is_floating_point():
            i = torch.arange(t.numel()) % 61
            if t.dim() > 1:
                t.copy_((table[i] * math.sqrt(2 / t[0].numel())).reshape(t.shape))
            else:
                t.copy_((1 if name.endswith(("weight", "var")) else 0) + 0.1 * table[i] ** 2)
    x = torch.sin(torch.arange(2 * 3 * 64 * 64) * 0.37).reshape(2, 3, 64, 64)
    out = {"x": x, "logits": resnet(x)}
buffer = io.BytesIO()
save(resnet.state_dict(), buffer)
with gzip.GzipFile("resnet18.pth.gz", "wb", mtime=0) as packed:
    packed.write(buffer.getvalue())
save_file(out, "resnet18_outputs.safetensors")
print(out["logits"])
