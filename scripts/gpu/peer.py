#!/usr/bin/env python3
"""KD's step in plain PyTorch, as lines of JSON: the loop that a researcher writes, and what PyTorch can do at best.

`loop`: pictures augmented one by one in worker processes, eager kernels, loss and accuracy read at every step, as the
trainers of distillation libraries do. `fed`: the same step with pictures in memory, augmented a batch at a time, channels-last,
fused optimiser. `eager`: that on one batch that stays. `captured`: that step as one CUDA graph. Only torch is needed: no numpy,
no torchvision.
"""
import argparse
import json
import multiprocessing
import os
import time

import torch
import torch.nn.functional as F

from networks import network

PAIRS = {"r20 -> resnet8": ("resnet20", "resnet8"),
         "r56 -> resnet20": ("resnet56", "resnet20"),
         "r32x4 -> resnet8x4": ("resnet32x4", "resnet8x4")}
TEMPERATURE, CLASSES = 4.0, 100
MEAN, DEVIATION = torch.tensor([0.5071, 0.4867, 0.4408]), torch.tensor([0.2675, 0.2565, 0.2761])


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


class InMemory:
    """Batches of pictures that stay in memory, padded once: a whole batch is cropped, mirrored and normalised at a time."""

    def __init__(self, count, args):
        pictures = Pictures(count)
        self.padded = F.pad(pictures.images, (4, 4, 4, 4)).permute(0, 2, 3, 1).contiguous().to(args.device)
        self.labels = pictures.labels.to(args.device)
        self.scale = (1 / 255 / DEVIATION).to(args.device)
        self.shift = (MEAN / DEVIATION).to(args.device)
        self.side = torch.arange(32, device=args.device)
        self.size = args.batch

    def next(self):
        def drawn(below):
            return torch.randint(0, below, (self.size, 1), device=self.side.device)

        at, column = drawn(len(self.labels)), drawn(9) + self.side
        column = torch.where(drawn(2) == 1, column.flip(1), column)
        images = self.padded[at[:, :, None], (drawn(9) + self.side)[:, :, None], column[:, None, :]]
        return images.float().mul_(self.scale).sub_(self.shift).permute(0, 3, 1, 2), self.labels[at[:, 0]]


def kd_loss(student, teacher, labels):
    if teacher is None:
        return F.cross_entropy(student, labels)
    soft = F.kl_div(F.log_softmax(student / TEMPERATURE, 1), F.softmax(teacher / TEMPERATURE, 1), reduction="batchmean")
    return 0.1 * F.cross_entropy(student, labels) + 0.9 * TEMPERATURE ** 2 * soft


def optimiser(student, **how):
    return torch.optim.SGD(student.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4, **how)


def cpu_seconds():
    """Of this process and the loaders' that it started and that are still there."""
    ticks = 0
    for child in multiprocessing.active_children():
        with open(f"/proc/{child.pid}/stat", encoding="utf-8") as file:
            ticks += sum(map(int, file.read().rpartition(")")[2].split()[11:13]))  # user and system time
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


def timed(device, steps, step, warm=None):
    """Seconds a step by the clock and of CPUs, after some steps that warm up."""
    warm = min(20, steps) if warm is None else warm
    for _ in range(warm):
        step()
    if device == "cuda":
        torch.cuda.synchronize()
    begin, used = time.perf_counter(), cpu_seconds()
    for _ in range(steps):
        step()
    if device == "cuda":
        torch.cuda.synchronize()
    return {"seconds": (time.perf_counter() - begin) / steps, "cpu": (cpu_seconds() - used) / steps, "count": steps + warm}


def settle():
    """TF32 as ktbench has it; and the fastest convolutions are searched for, as such trainers do."""
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    torch.backends.cudnn.benchmark = True


def judged(teacher, image):
    if teacher is None:
        return None
    with torch.no_grad():
        return teacher(image)


def loop(teacher, student, args):
    """A step as a researcher writes it; without a teacher it is plain training."""
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
        loss = kd_loss(out, judged(teacher, image), label)
        loss.backward()
        optimizer.step()
        meters["loss"] += loss.item()
        meters["top1"] += (out.argmax(1) == label).float().mean().item()

    return timed(args.device, args.steps, step)


def best_step(teacher, student, next_batch):
    """A step at PyTorch's best, on networks that are channels-last."""
    optimizer = optimiser(student, fused=True)

    def step():
        image, label = next_batch()
        optimizer.zero_grad(set_to_none=True)
        kd_loss(student(image), judged(teacher, image), label).backward()
        optimizer.step()

    return step


def fed(teacher, student, args):
    """The best with its work on data."""
    return timed(args.device, args.steps, best_step(teacher, student, InMemory(2560, args).next))


def fixed(teacher, student, args, captured=False):
    """The best on one batch that stays."""
    image = torch.randn(args.batch, 3, 32, 32, device=args.device).contiguous(memory_format=torch.channels_last)
    label = torch.randint(0, CLASSES, (args.batch,), device=args.device)
    step = best_step(teacher, student, lambda: (image, label))
    return timed(args.device, args.steps, recorded(step) if captured else step)


def recorded(step):
    """The step as one CUDA graph."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay


LAST = {"memory_format": torch.channels_last}
WAYS = {"loop": (loop, {}), "fed": (fed, LAST), "eager": (fixed, LAST),
        "captured": (lambda teacher, student, args: fixed(teacher, student, args, True), LAST)}


def step_time(way, teacher, student, args):
    """`teacher` may be None."""
    take, form = WAYS[way]
    return take(teacher and teacher.to(args.device, **form).eval(), student.to(args.device, **form).train(), args)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    if args.device == "cpu":
        torch.set_num_threads(1)  # only the way is tried there
    settle()
    for pair, (teacher, student) in PAIRS.items():
        for way in WAYS:
            if way == "fed" or (way == "captured" and args.device != "cuda"):
                continue
            seconds = step_time(way, network(teacher), network(student), args)["seconds"]
            print(json.dumps({"pair": pair, "way": way, "ms": 1e3 * seconds, "images_per_second": args.batch / seconds}),
                  flush=True)


if __name__ == "__main__":
    main()
