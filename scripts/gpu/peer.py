#!/usr/bin/env python3
"""KD's step in plain PyTorch, as lines of JSON: the loop that a researcher writes, and what PyTorch can do at best.

`loop`: pictures augmented one by one in worker processes, eager kernels, loss and accuracy read at every step, as the
trainers of distillation libraries do. `eager`: the same step on one batch that stays, channels-last, fused optimiser.
`captured`: that step as one CUDA graph. Only torch is needed: no numpy, no torchvision.
"""
import argparse
import json
import time

import torch
import torch.nn.functional as F
from torch import nn

PAIRS = {"r20 -> resnet8": ((20, 1), (8, 1)),
         "r56 -> resnet20": ((56, 1), (20, 1)),
         "r32x4 -> resnet8x4": ((32, 4), (8, 4))}
TEMPERATURE, CLASSES = 4.0, 100
MEAN, DEVIATION = torch.tensor([0.5071, 0.4867, 0.4408]), torch.tensor([0.2675, 0.2565, 0.2761])


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.short = nn.Sequential()
        if stride != 1 or inputs != outputs:
            self.short = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + self.short(x))


def resnet(depth, width):
    """CIFAR's residual networks: three stages of (depth - 2) / 6 blocks; a wide one has a stem of 32."""
    stem, last = (16, 16) if width == 1 else (32, 32)
    layers = [nn.Conv2d(3, stem, 3, 1, 1, bias=False), nn.BatchNorm2d(stem), nn.ReLU(inplace=True)]
    for stage in range(3):
        outputs = 16 * width * 2 ** stage
        for block in range((depth - 2) // 6):
            layers.append(Block(last, outputs, 2 if stage > 0 and block == 0 else 1))
            last = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(last, CLASSES))


class Pictures(torch.utils.data.Dataset):
    """Each picture by itself: padded, cropped, mirrored, normalised."""

    def __init__(self, count):
        self.images = torch.randint(0, 256, (count, 3, 32, 32), dtype=torch.uint8)
        self.labels = torch.randint(0, CLASSES, (count,))

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, at):
        image = F.pad(self.images[at], (4, 4, 4, 4))
        top, left, mirrored = (int(torch.randint(0, n, ())) for n in (9, 9, 2))
        image = image[:, top:top + 32, left:left + 32]
        if mirrored:
            image = image.flip(2)
        return (image.float() / 255 - MEAN[:, None, None]) / DEVIATION[:, None, None], self.labels[at]


def kd_loss(student, teacher, labels):
    soft = F.kl_div(F.log_softmax(student / TEMPERATURE, 1), F.softmax(teacher / TEMPERATURE, 1), reduction="batchmean")
    return 0.1 * F.cross_entropy(student, labels) + 0.9 * TEMPERATURE ** 2 * soft


def networks(pair, device, **form):
    teacher, student = (resnet(*shape).to(device, **form) for shape in PAIRS[pair])
    return teacher.eval(), student.train()


def optimiser(student, **how):
    return torch.optim.SGD(student.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4, **how)


def timed(device, steps, step):
    """Seconds a step, after some that warm up."""
    for _ in range(min(20, steps)):
        step()
    if device == "cuda":
        torch.cuda.synchronize()
    begin = time.perf_counter()
    for _ in range(steps):
        step()
    if device == "cuda":
        torch.cuda.synchronize()
    return (time.perf_counter() - begin) / steps


def loop(pair, args):
    teacher, student = networks(pair, args.device)
    optimizer = optimiser(student)
    loader = torch.utils.data.DataLoader(Pictures(args.batch * (args.steps + 25)), args.batch, shuffle=True,
                                         num_workers=args.workers, pin_memory=args.device == "cuda")
    batches = iter(loader)
    meters = {"loss": 0.0, "top1": 0.0}

    def step():
        image, label = next(batches)
        image, label = image.to(args.device, non_blocking=True), label.to(args.device, non_blocking=True)
        optimizer.zero_grad()
        out = student(image)
        with torch.no_grad():
            soft = teacher(image)
        loss = kd_loss(out, soft, label)
        loss.backward()
        optimizer.step()
        meters["loss"] += loss.item()
        meters["top1"] += (out.argmax(1) == label).float().mean().item()

    return timed(args.device, args.steps, step)


def fixed(pair, args, captured):
    form = {"memory_format": torch.channels_last}
    teacher, student = networks(pair, args.device, **form)
    optimizer = optimiser(student, fused=True)
    image = torch.randn(args.batch, 3, 32, 32, device=args.device).contiguous(**form)
    label = torch.randint(0, CLASSES, (args.batch,), device=args.device)

    def step():
        optimizer.zero_grad(set_to_none=True)
        with torch.no_grad():
            soft = teacher(image)
        kd_loss(student(image), soft, label).backward()
        optimizer.step()

    if not captured:
        return timed(args.device, args.steps, step)
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return timed(args.device, args.steps, graph.replay)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    if args.device == "cpu":
        torch.set_num_threads(1)  # only the way is tried there
    # TF32 as ktbench has it; and the fastest convolutions are searched for, as such trainers do.
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    torch.backends.cudnn.benchmark = True
    ways = {"loop": loop, "eager": lambda pair, args: fixed(pair, args, False)}
    if args.device == "cuda":
        ways["captured"] = lambda pair, args: fixed(pair, args, True)
    for pair in PAIRS:
        for name, way in ways.items():
            seconds = way(pair, args)
            print(json.dumps({"pair": pair, "way": name, "ms": 1e3 * seconds, "images_per_second": args.batch / seconds}),
                  flush=True)


if __name__ == "__main__":
    main()
