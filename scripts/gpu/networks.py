"""The image networks of ktbench's catalogue in plain PyTorch, for pictures of 32 x 32: what steps are timed beside.

Each has as many parameters as ktbench's, which `scripts/compare` checks. What belongs to torchvision or timm is theirs, where Python
has them.
"""
import functools
import importlib

import torch
import torch.nn.functional as F
from torch import nn

relu = functools.partial(F.relu, inplace=True)
# The two ways to write MobileNetV2's activation.
CEILINGS = {"relu6": functools.partial(F.relu6, inplace=True),
            "hardtanh": functools.partial(F.hardtanh, min_val=0.0, max_val=6.0, inplace=True)}


class Missing(Exception):
    """A library that a network comes from and Python does not have."""


def conv(inputs, outputs, kernel=1, stride=1, groups=1, bias=False, padding=None):
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2 if padding is None else padding, groups=groups, bias=bias)


def normed(*args, **more):
    layer = conv(*args, **more)
    return nn.Sequential(layer, nn.BatchNorm2d(layer.out_channels))


def pooled(width, classes):
    return [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, classes)]


class Residual(nn.Module):
    """Convolutions, each normalised, beside a shortcut."""

    def __init__(self, layers, inputs, outputs, stride):
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.short = normed(inputs, outputs, 1, stride) if stride != 1 or inputs != outputs else nn.Identity()

    def forward(self, x):
        y = x
        for layer in self.layers[:-1]:
            y = relu(layer(y))
        return relu(self.layers[-1](y) + self.short(x))


def resnet(depth, factor, classes, channels):
    """CIFAR's residual networks: three stages of (depth - 2) / 6 blocks; a wide one has a stem of 32."""
    last = 16 if factor == 1 else 32
    layers = [normed(channels, last, 3), nn.ReLU(inplace=True)]
    for stage in range(3):
        outputs = 16 * factor * 2 ** stage
        for block in range((depth - 2) // 6):
            stride = 2 if stage > 0 and block == 0 else 1
            layers.append(Residual([normed(last, outputs, 3, stride), normed(outputs, outputs, 3)], last, outputs, stride))
            last = outputs
    return nn.Sequential(*layers, *pooled(last, classes))


def resnet50(classes, channels):
    """Bottlenecks behind a stem of 3x3 without pooling."""
    layers, last = [normed(channels, 64, 3), nn.ReLU(inplace=True)], 64
    for stage, blocks in enumerate((3, 4, 6, 3)):
        inner = 64 << stage
        for block in range(blocks):
            stride = 2 if stage > 0 and block == 0 else 1
            parts = [normed(last, inner), normed(inner, inner, 3, stride), normed(inner, 4 * inner)]
            layers.append(Residual(parts, last, 4 * inner, stride))
            last = 4 * inner
    return nn.Sequential(*layers, *pooled(last, classes))


def vgg(depth, classes, channels):
    repeats = {8: (1, 1, 1, 1, 1), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3)}[depth]
    layers = []
    for at, (width, count) in enumerate(zip((64, 128, 256, 512, 512), repeats)):
        for _ in range(count):
            layers += [normed(channels, width, 3, bias=True), nn.ReLU(inplace=True)]
            channels = width
        layers += [nn.MaxPool2d(2)] * (at < 3)
    return nn.Sequential(*layers, *pooled(channels, classes))


class PreActivated(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.norm = nn.BatchNorm2d(inputs)
        self.first, self.second = normed(inputs, outputs, 3, stride), conv(outputs, outputs, 3)
        self.short = conv(inputs, outputs, 1, stride) if inputs != outputs else None

    def forward(self, x):
        active = relu(self.norm(x))
        return self.second(relu(self.first(active))) + (self.short(active) if self.short else x)


def wrn(depth, factor, classes, channels):
    layers, last = [conv(channels, 16, 3)], 16
    for stage in range(3):
        for block in range((depth - 4) // 6):
            layers.append(PreActivated(last, 16 * factor << stage, 2 if stage > 0 and block == 0 else 1))
            last = 16 * factor << stage
    return nn.Sequential(*layers, nn.BatchNorm2d(last), nn.ReLU(inplace=True), *pooled(last, classes))


def multiple_of_8(width):
    nearest = max(8, int(width + 4) // 8 * 8)
    return nearest + 8 if nearest < 0.9 * width else nearest


class Inverted(nn.Module):
    def __init__(self, inputs, outputs, stride, growth, bias, active):
        super().__init__()
        inner = inputs * growth
        self.wide, self.deep = normed(inputs, inner, bias=bias), normed(inner, inner, 3, stride, inner, bias)
        self.narrow = normed(inner, outputs, bias=bias)
        self.active, self.adds = active, stride == 1 and inputs == outputs

    def forward(self, x):
        y = self.narrow(self.active(self.deep(self.active(self.wide(x)))))
        return y + x if self.adds else y


class Active(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.forward = function


def inverted_blocks(last, widths, strides, bias, active):
    layers = []
    for stage, (width, count, stride) in enumerate(zip(widths, (1, 2, 3, 4, 3, 3, 1), strides)):
        for block in range(count):
            layers.append(Inverted(last, width, stride if block == 0 else 1, 1 if stage == 0 else 6, bias, active))
            last = width
    return layers, last


STAGES = (16, 24, 32, 64, 96, 160, 320)


def mergenet_mobilenetv2(width, classes, channels, ceiling="relu6"):
    """MergeNet's target: a stem of 1x1 with padding, and biases everywhere."""
    active, stem = CEILINGS[ceiling], multiple_of_8(32 * width)
    layers, last = inverted_blocks(stem, [multiple_of_8(c * width) for c in STAGES], (1, 2, 2, 2, 1, 1, 1), True, active)
    wide = multiple_of_8(1280 * max(width, 1.0))
    return nn.Sequential(normed(channels, stem, bias=True, padding=1), Active(active), *layers, normed(last, wide, bias=True),
                         Active(active), *pooled(wide, classes))


def mobilenetv2_half(classes, channels):
    layers, last = inverted_blocks(16, [c // 2 for c in STAGES], (1, 1, 2, 2, 1, 2, 1), False, relu)
    return nn.Sequential(normed(channels, 16, 3, 2), nn.ReLU(inplace=True), *layers, normed(last, 1280), nn.ReLU(inplace=True),
                         *pooled(1280, classes))


def shuffled(x, groups):
    n, c, h, w = x.shape
    return x.view(n, groups, c // groups, h, w).transpose(1, 2).reshape(n, c, h, w)


class Grouped(nn.Module):
    """ShuffleNet's block: one of stride 2 joins its input, averaged, the others add it."""

    def __init__(self, inputs, outputs, stride, groups):
        super().__init__()
        own = outputs - inputs if stride == 2 else outputs
        self.groups, self.joins = groups, stride == 2
        self.reduce = normed(inputs, own // 4, groups=groups)
        self.spatial = normed(own // 4, own // 4, 3, stride, own // 4)
        self.expand = normed(own // 4, own, groups=3)

    def forward(self, x):
        y = self.expand(relu(self.spatial(shuffled(relu(self.reduce(x)), self.groups))))
        return relu(torch.cat([y, F.avg_pool2d(x, 3, 2, 1)], 1) if self.joins else y + x)


def shufflenetv1(classes, channels):
    layers, last = [normed(channels, 24), nn.ReLU(inplace=True)], 24
    for width, blocks in ((240, 4), (480, 8), (960, 4)):
        for block in range(blocks):
            layers.append(Grouped(last, width, 2 if block == 0 else 1, 1 if last == 24 else 3))
            last = width
    return nn.Sequential(*layers, *pooled(last, classes))


class Halved(nn.Module):
    """ShuffleNetV2's block: two branches over all channels for a stride of 2, else one over half of them."""

    def __init__(self, inputs, outputs, down):
        super().__init__()
        half, stride = outputs // 2, 2 if down else 1
        self.left = nn.Sequential(normed(inputs, inputs, 3, 2, inputs), *normed(inputs, half), nn.ReLU(inplace=True)) if down else None
        self.right = nn.Sequential(*normed(inputs if down else half, half), nn.ReLU(inplace=True),
                                   *normed(half, half, 3, stride, half), *normed(half, half), nn.ReLU(inplace=True))

    def forward(self, x):
        left, right = (self.left(x), x) if self.left else x.chunk(2, 1)
        return shuffled(torch.cat([left, self.right(right)], 1), 2)


def shufflenetv2(classes, channels):
    layers, last = [normed(channels, 24), nn.ReLU(inplace=True)], 24
    for width, blocks in ((116, 4), (232, 8), (464, 4)):
        for block in range(blocks):
            layers.append(Halved(last, width, block == 0))
            last = width
    return nn.Sequential(*layers, normed(last, 1024), nn.ReLU(inplace=True), *pooled(1024, classes))


def mlp(width, classes, channels, side=32):
    return nn.Sequential(nn.Flatten(), nn.Linear(channels * side * side, width), nn.ReLU(inplace=True), nn.Linear(width, width),
                         nn.ReLU(inplace=True), nn.Linear(width, classes))


def of_library(module, name, **options):
    """A network of torchvision's or timm's."""
    try:
        library = importlib.import_module(module)
    except ImportError as problem:
        raise Missing(f"this Python has no {module.split('.')[0]}: {problem}") from problem
    return getattr(library, name)(**options)


def torchvision(name, **options):
    return lambda classes, channels: of_library("torchvision.models", name, num_classes=classes, **options)


def timm(module, name, **options):
    return lambda classes, channels: of_library(f"timm.models.{module}", name, num_classes=classes, img_size=32, **options)


NETWORKS = {  # by their names in scripts/gpu's suites: what takes classes and channels
    **{f"resnet{depth}": functools.partial(resnet, depth, 1) for depth in (8, 14, 20, 32, 56, 110)},
    **{f"resnet{depth}x4": functools.partial(resnet, depth, 4) for depth in (8, 32)},
    **{f"vgg{depth}": functools.partial(vgg, depth) for depth in (8, 13)},
    **{f"wrn_{depth}_{factor}": functools.partial(wrn, depth, factor) for depth, factor in ((16, 2), (40, 1), (40, 2))},
    "mlp": functools.partial(mlp, 256),
    "resnet50": resnet50,
    "mobilenetv2": functools.partial(mergenet_mobilenetv2, 1.0),
    "mobilenetv2_quarter": functools.partial(mergenet_mobilenetv2, 0.25),
    "mobilenetv2_half": mobilenetv2_half,
    "shufflenetv1": shufflenetv1,
    "shufflenetv2": shufflenetv2,
    "torchvision_resnet18": torchvision("resnet18"),
    "torchvision_mobilenet_v2": torchvision("mobilenet_v2", dropout=0.0),
    "torchvision_convnext_tiny": torchvision("convnext_tiny", stochastic_depth_prob=0.0),
    "torchvision_vit": torchvision("VisionTransformer", image_size=32, patch_size=4, num_layers=6, num_heads=3, hidden_dim=192,
                                   mlp_dim=768),
    "timm_deit": timm("vision_transformer", "VisionTransformer", patch_size=16, embed_dim=192, depth=12, num_heads=3),
    "timm_mixer": timm("mlp_mixer", "MlpMixer", patch_size=4, num_blocks=6, embed_dim=192)}


def network(name, classes=100, channels=3, **form):
    return NETWORKS[name](classes=classes, channels=channels, **form)


def parameters(net):
    return sum(parameter.numel() for parameter in net.parameters())
