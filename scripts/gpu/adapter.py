"""MergeNet's adapter and its step as released, in plain PyTorch: every f batches a matrix of the target is made from itself and a
matrix of the source, and after the target's step the adapter follows the change that training made. Li et al., arXiv 2404.13322.
"""
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

EPS = 1e-12


class Attention(nn.Module):
    """Of the tokens of one matrix over those of another; `fused`: by PyTorch's own kernel."""

    def __init__(self, width, other, heads, fused):
        super().__init__()
        head = max((width + other) // 2, 128) // heads
        self.heads, self.fused = heads, fused
        self.query, self.key, self.value = (nn.Linear(n, heads * head) for n in (width, other, other))
        self.out, self.norm, self.dropout = nn.Linear(heads * head, width), nn.LayerNorm(width, EPS), nn.Dropout(0.1)

    def forward(self, x, other):
        q, k, v = (layer(tokens).unflatten(1, (self.heads, -1)).transpose(0, 1)
                   for layer, tokens in ((self.query, x), (self.key, other), (self.value, other)))
        if self.fused:
            found = F.scaled_dot_product_attention(q, k, v, dropout_p=0.1)
        else:
            found = self.dropout(torch.softmax(q @ k.transpose(1, 2) / q.shape[2] ** 0.5, -1)) @ v
        return self.norm(x + self.out(found.transpose(0, 1).flatten(1)))


class Layer(nn.Module):
    def __init__(self, m, n, p, q, heads, fused):
        super().__init__()
        self.ways = nn.ModuleList(Attention(width, other, heads, fused) for width in (n, m) for other in (q, p))
        self.up, self.down = spectral_norm(nn.Linear(n, 2 * n)), spectral_norm(nn.Linear(2 * n, n))
        self.norm, self.dropout = nn.LayerNorm(n, EPS), nn.Dropout(0.2)

    def forward(self, a, b):
        xx, xy, yx, yy = self.ways
        mean = (xx(a, b) + xy(a, b.t()) + (yx(a.t(), b) + yy(a.t(), b.t())).t()) / 4
        return self.norm(mean + self.dropout(self.down(F.gelu(self.up(mean), approximate="tanh"))))


class Adapter(nn.Module):
    """Makes a [m, n] anew from itself and b [p, q]."""

    def __init__(self, a, b, heads=8, layers=2, fused=False):
        super().__init__()
        self.layers = nn.ModuleList(Layer(*a, *b, heads, fused) for _ in range(layers))

    def forward(self, a, b):
        for layer in self.layers:
            a = layer(a, b)
        return a


class Transfer:
    """Between two weights, before and after the target's step. `keeps_spread`: where nothing behind it takes its scale away."""

    def __init__(self, into, given, f=2, rate=1e-3, fused=False, keeps_spread=False):
        self.into, self.given, self.f, self.keeps_spread = into, given, f, keeps_spread
        self.adapter = Adapter(into.flatten(1).shape, given.flatten(1).shape, fused=fused).to(into.device)
        named = list(self.adapter.named_parameters())
        spared = [value for name, value in named if "bias" in name or "norm" in name]
        decayed = [value for name, value in named if "bias" not in name and "norm" not in name]
        self.optimizer = torch.optim.AdamW([{"params": decayed, "weight_decay": 5e-4}, {"params": spared, "weight_decay": 0.0}],
                                           lr=rate, fused=True if fused else None)
        self.count, self.made = 0, None

    def before(self):
        if self.count % self.f == 0:
            a, b = self.into.detach().flatten(1).clone(), self.given.detach().flatten(1).clone()
            self.made = self.adapter(a, b)
            if self.keeps_spread:
                self.made = self.made * (a.std() / self.made.detach().std())
            with torch.no_grad():
                self.into.copy_(self.made.view_as(self.into))
        self.count += 1

    def after(self):
        if self.made is None:
            return
        delta = self.made.detach() - self.into.detach().flatten(1)
        weights = list(self.adapter.parameters())
        for weight, gradient in zip(weights, torch.autograd.grad(self.made, weights, delta)):
            weight.grad = gradient
        nn.utils.clip_grad_norm_(weights, 50)
        self.optimizer.step()
        self.made = None
