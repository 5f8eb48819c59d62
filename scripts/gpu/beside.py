#!/usr/bin/env python3
"""What scripts/compare times beside ktbench, in plain PyTorch: one measurement, as a line of JSON.

`--form plain` is what a researcher writes; `best` is PyTorch at its best: channels-last, fused optimisers, data that stay in memory,
what a frozen teacher says computed once (its caller tells malloc to keep memory, too); `bound`: a step of that on one batch that
stays, on a GPU as one CUDA graph.
Only torch is needed, and torchvision for its networks and for folders of pictures.
"""
import argparse
import gzip
import itertools
import json
import math
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

import peer
from adapter import Transfer
from networks import Missing, mlp, network, parameters

LAYOUT = {"memory_format": torch.channels_last}
NO_NETWORK = 4  # exit code where a library is missing


def is_best(args):
    return args.form != "plain"


def clock(args):
    if args.device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


# ---- Steps ----


def step(args):
    form = {"ceiling": args.ceiling} if args.ceiling else {}
    student = network(args.model, **form)
    teacher = network(args.teacher) if args.teacher else None
    way = {"plain": "loop", "best": "fed", "bound": "captured" if args.device == "cuda" else "eager"}[args.form]
    return peer.step_time(way, teacher, student, args) | {"parameters": parameters(student)}


class Turned(peer.Pictures):
    """Each turned by up to 15 degrees, too."""

    def __getitem__(self, at):
        image, label = super().__getitem__(at)
        angle = math.radians(15) * (2 * torch.rand(()).item() - 1)
        turn = torch.tensor([[math.cos(angle), -math.sin(angle), 0], [math.sin(angle), math.cos(angle), 0]])[None]
        grid = F.affine_grid(turn, [1, *image.shape], align_corners=False)
        return F.grid_sample(image[None], grid, mode="nearest", align_corners=False)[0], label


def mergenet(args):
    form = LAYOUT if is_best(args) else {}
    source, target = (network(name).to(args.device, **form).train() for name in ("resnet50", "mobilenetv2"))
    fused = {"fused": True} if is_best(args) else {}
    optimizers = [torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4, **fused) for net in (source, target)]
    into = target[2 + 15].narrow[0].weight  # the last convolution of the third block of 160 channels
    transfer = Transfer(into, source[-1].weight, fused=is_best(args))
    if is_best(args):
        image = torch.randn(args.batch, 3, 32, 32, device=args.device).contiguous(**LAYOUT)
        label = torch.randint(0, peer.CLASSES, (args.batch,), device=args.device)
        batches = itertools.repeat((image, label))
    else:
        batches = iter(torch.utils.data.DataLoader(Turned(args.batch * (args.steps + 8)), args.batch, shuffle=True,
                                                   num_workers=args.workers))

    def one():
        image, label = (tensor.to(args.device, non_blocking=True) for tensor in next(batches))
        transfer.before()
        for net, optimizer in zip((source, target), optimizers):
            optimizer.zero_grad()
            F.cross_entropy(net(image), label).backward()
            optimizer.step()
        transfer.after()

    return peer.timed(args.device, args.steps, one, warm=2) | {"parameters": parameters(target),
                                                               "adapter": parameters(transfer.adapter)}


# ---- An evaluation ----


def evaluate(args):
    form = LAYOUT if is_best(args) else {}
    net = network(args.model).to(args.device, **form).eval()
    pictures = peer.Pictures(args.images)
    if is_best(args):
        flat = (pictures.images.float() / 255 - peer.MEAN[:, None, None]) / peer.DEVIATION[:, None, None]
        flat = flat.to(args.device).contiguous(**form)
        batches = list(zip(flat.split(args.batch), pictures.labels.to(args.device).split(args.batch)))
        net(batches[0][0])
    else:
        batches = torch.utils.data.DataLoader(pictures, args.batch, num_workers=args.workers)
    right = 0
    begin = clock(args)
    with torch.inference_mode() if is_best(args) else torch.no_grad():
        for image, label in batches:
            image, label = image.to(args.device), label.to(args.device)
            right = right + (net(image).argmax(1) == label).sum()
    right = int(right)
    return {"seconds": (clock(args) - begin) / args.images * 1000, "count": args.images / 1000, "parameters": parameters(net),
            "top1": right / args.images}


# ---- Fashion-MNIST ----

MEAN, DEVIATION = 0.2860, 0.3530


def idx(folder, name):
    """What a file of the data set holds behind its header."""
    for path in (folder / name, folder / f"{name}.gz"):
        if path.exists():
            raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
            skip = 4 + 4 * raw[3]
            return torch.frombuffer(bytearray(raw[skip:]), dtype=torch.uint8)
    raise SystemExit(f"beside: there is no {folder / name}")


def clothes(folder, part):
    labels = idx(folder, f"{part}-labels-idx1-ubyte").long()
    return idx(folder, f"{part}-images-idx3-ubyte").view(len(labels), 1, 28, 28), labels


class Clothes(torch.utils.data.Dataset):
    def __init__(self, images, labels):
        self.images, self.labels = images, labels

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, at):
        return (self.images[at].float() / 255 - MEAN) / DEVIATION, self.labels[at]


class Batches:
    """Of one split: a DataLoader's, or rows of a tensor that stays; each with the rows' numbers in the second case."""

    def __init__(self, images, labels, args):
        self.best, self.size = is_best(args), args.batch
        if self.best:
            self.images, self.labels = ((images.float() / 255 - MEAN) / DEVIATION).to(args.device), labels.to(args.device)
        else:
            self.loader = torch.utils.data.DataLoader(Clothes(images, labels), args.batch, shuffle=True, num_workers=args.workers)

    def __iter__(self):
        if not self.best:
            return ((image, label, None) for image, label in self.loader)
        rows = torch.randperm(len(self.labels), device=self.labels.device).split(self.size)
        return ((self.images[at], self.labels[at], at) for at in rows)

    def said_by(self, teacher):
        """Its logits of all rows, once."""
        with torch.no_grad():
            return torch.cat([teacher(image) for image in self.images.split(1000)])


def dkd_loss(student, teacher, labels, share, temperature=4.0):
    def split(logits):
        others = torch.ones_like(logits, dtype=torch.bool).scatter_(1, labels[:, None], False)
        rest = logits[others].view(len(labels), -1)
        merged = temperature * (rest / temperature).logsumexp(1)
        return torch.stack([logits.gather(1, labels[:, None])[:, 0], merged], 1), rest

    def divergence(a, b):
        return temperature ** 2 * F.kl_div(F.log_softmax(a / temperature, 1), F.softmax(b / temperature, 1), reduction="batchmean")

    (pair, rest), (taught_pair, taught_rest) = split(student), split(teacher)
    return F.cross_entropy(student, labels) + share * (divergence(pair, taught_pair) + 8 * divergence(rest, taught_rest))


def virtual_loss(out, labels):
    """Tf-KD's: a made-up teacher that is almost always right."""
    taught = torch.full_like(out, 0.01 / (out.shape[1] - 1)).scatter_(1, labels[:, None], 0.99)
    return 0.05 * F.cross_entropy(out, labels) + 0.95 * F.kl_div(F.log_softmax(out, 1), F.softmax(taught / 40, 1), reduction="mean")


def conv_teacher(args):
    return network("resnet8", classes=10, channels=1).to(args.device, **(LAYOUT if is_best(args) else {}))


def epoch(args):
    """Seconds of an epoch of KD, of several: ResNet-8 to an MLP."""
    images, labels = clothes(args.data, "train")
    batches = Batches(images[:args.images], labels[:args.images], args)
    teacher, student = conv_teacher(args).eval(), mlp(256, 10, 1, side=28).to(args.device)
    optimizer = peer.optimiser(student, **({"fused": True} if is_best(args) else {}))
    begin = clock(args)
    kept = batches.said_by(teacher) if is_best(args) else None
    for _ in range(args.epochs):
        for image, label, rows in batches:
            image, label = image.to(args.device), label.to(args.device)
            optimizer.zero_grad()
            soft = peer.judged(teacher, image) if kept is None else kept[rows]
            peer.kd_loss(student(image), soft, label).backward()
            optimizer.step()
    return {"seconds": (clock(args) - begin) / args.epochs, "count": args.epochs, "parameters": parameters(student)}


def trial(args):
    """One of suites/quickstart.toml: as many examples, steps, the same optimiser, schedule and method."""
    torch.manual_seed(args.seed)
    is_teacher = args.method == "teacher"
    images, labels = clothes(args.data, "train")
    chosen = torch.randperm(len(labels))[:10000 if is_teacher else 500]
    args.batch = 64 if is_teacher else 32
    batches = Batches(images[chosen], labels[chosen], args)
    steps = args.steps or (5 * math.ceil(10000 / 64) if is_teacher else 1000)
    student = conv_teacher(args) if is_teacher else mlp(64, 10, 1, side=28).to(args.device)
    teacher = None
    if args.method in ("kd", "dkd", "mergenet"):
        teacher = conv_teacher(args).eval()
        teacher.load_state_dict(torch.load(args.folder / "teacher.pt"))
    optimizer = torch.optim.SGD(student.parameters(), lr=0.05 if is_teacher else 0.02, momentum=0.9, weight_decay=5e-4,
                                fused=True if is_best(args) else None)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    transfer = Transfer(student[3].weight, teacher[-1].weight, fused=is_best(args), keeps_spread=True) \
        if args.method == "mergenet" else None
    kept = batches.said_by(teacher) if is_best(args) and args.method in ("kd", "dkd") else None
    begin, done, per_epoch = clock(args), 0, math.ceil(len(chosen) / args.batch)
    student.train()
    while done < steps:
        for image, label, rows in batches:
            if done == steps:
                break
            image, label = image.to(args.device), label.to(args.device)
            if transfer:
                transfer.before()
            optimizer.zero_grad()
            out = student(image)
            if args.method in ("kd", "dkd"):
                soft = peer.judged(teacher, image) if kept is None else kept[rows]
                share = min(1.0, done / per_epoch / 20)
                loss = peer.kd_loss(out, soft, label) if args.method == "kd" else dkd_loss(out, soft, label, share)
            else:
                loss = virtual_loss(out, label) if args.method == "tfkd_reg" else F.cross_entropy(out, label)
            loss.backward()
            nn.utils.clip_grad_norm_(student.parameters(), 1)
            optimizer.step()
            schedule.step()
            if transfer:
                transfer.after()
            done += 1
    seconds = clock(args) - begin
    right = judge(student.eval(), args)
    if is_teacher:
        torch.save(student.state_dict(), args.folder / "teacher.pt")
    return {"seconds": seconds, "count": done, "parameters": parameters(student), "method": args.method, "top1": right}


def judge(net, args):
    images, labels = clothes(args.data, "t10k")
    args.batch = 500
    right = 0
    with torch.no_grad():
        for image, label, _ in Batches(images[:2000], labels[:2000], args):
            right = right + (net(image.to(args.device)).argmax(1) == label.to(args.device)).sum()
    return int(right) / 2000


def quickstart(args):
    """All its trials, a process each: the teacher, then one after another, or at their best as many at once as there are threads."""
    command = [sys.executable, __file__, "trial", "--form", args.form, "--device", args.device, "--data", args.data,
               "--folder", args.folder, "--workers", "0", "--steps", str(args.steps)]
    many = args.threads if is_best(args) else 1

    def one(method, seed, threads):
        done = subprocess.run([*map(str, command), "--method", method, "--seed", str(seed), "--threads", str(threads)],
                              capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"beside: {method} of seed {seed}: {done.stderr.strip()[-500:]}")
        return json.loads(done.stdout)

    begin = time.perf_counter()
    teacher = one("teacher", 0, args.threads)
    wanted = [(method, seed) for method in ("scratch", "kd", "dkd", "tfkd_reg", "mergenet") for seed in range(args.seeds)]
    with ThreadPoolExecutor(many) as pool:
        trials = list(pool.map(lambda one_of: one(*one_of, args.threads // many), wanted))
    reached = {method: sum(found["top1"] for found in trials if found["method"] == method) / args.seeds
               for method in dict.fromkeys(method for method, _ in wanted)}
    return {"seconds": time.perf_counter() - begin, "count": 1, "trials": 1 + len(trials), "top1": reached | {"teacher": teacher["top1"]}}


# ---- A folder of pictures ----


def folder(args):
    """Seconds for a thousand files, decoded, scaled to 64 x 64 and put into batches."""
    try:
        from torchvision import datasets, io, transforms
    except ImportError as problem:
        raise Missing(f"this Python has no torchvision: {problem}") from problem
    size, wanted = 64, []
    begin = time.perf_counter()
    if is_best(args):
        images = datasets.ImageFolder(str(args.folder)).samples

        def decoded(sample):
            image = io.decode_image(sample[0]).float()[None]
            return F.interpolate(image, (size, size), mode="bilinear", antialias=True)[0]

        with ThreadPoolExecutor(args.threads) as pool:
            wanted.append(torch.stack(list(pool.map(decoded, images))))
    else:
        way = transforms.Compose([transforms.Resize(size), transforms.CenterCrop(size), transforms.ToTensor()])
        images = datasets.ImageFolder(str(args.folder), way)
        wanted.extend(image for image, _ in torch.utils.data.DataLoader(images, 64, num_workers=args.workers))
    count = sum(len(batch) for batch in wanted)
    return {"seconds": (time.perf_counter() - begin) / count * 1000, "count": count / 1000}


def main():
    measurements = {function.__name__: function for function in (step, mergenet, evaluate, epoch, trial, quickstart, folder)}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=list(measurements))
    parser.add_argument("--form", choices=["plain", "best", "bound"], default="plain")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2, help="processes of a DataLoader")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--steps", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--model")
    parser.add_argument("--teacher")
    parser.add_argument("--ceiling", choices=["relu6", "hardtanh"])
    parser.add_argument("--method", default="scratch")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--data", type=Path, help="folder of Fashion-MNIST's files")
    parser.add_argument("--folder", type=Path, help="of pictures, or of the teacher's weights")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    peer.settle()
    try:
        found = measurements[args.what](args)
    except Missing as problem:
        print(problem)
        return NO_NETWORK
    print(json.dumps(found | {"torch": torch.__version__}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
