"""The linear protocol by PyTorch's own optimizer, loss and schedule: slow, and obvious."""

import torch
from torch import Tensor, nn


def train_linear(
    x: Tensor, y: Tensor, *, classes: int, epochs: int, lr: float, seed: int, batch_size: int = 32
) -> nn.Linear:
    """One layer from zero weights, SGD with Nesterov momentum, x0.5 at epochs 15, 35, 60, 75."""
    layer = nn.Linear(x.shape[1], classes)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    optimizer = torch.optim.SGD(layer.parameters(), lr=lr, momentum=0.9, nesterov=True)
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, [15, 35, 60, 75], gamma=0.5)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(epochs):
        order = torch.randperm(len(x), generator=generator)
        for start in range(0, len(x), batch_size):
            chosen = order[start : start + batch_size]
            optimizer.zero_grad()
            nn.CrossEntropyLoss()(layer(x[chosen]), y[chosen]).backward()
            optimizer.step()
        schedule.step()
    return layer
