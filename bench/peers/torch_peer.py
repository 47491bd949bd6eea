"""What PyTorch does of the work that KTRDR's benchmarks do, on one thread.

Prints a line "NAME RATE UNIT" for each measurement. Each is the best of a few
runs: what else happens on a machine only ever takes away.
"""

import sys
import time

import torch
from torch import nn

RUNS = 3


def best(amount, run):
    """The best rate of a few runs that do `amount` each."""
    rate = 0.0
    for _ in range(RUNS):
        began = time.perf_counter()
        run()
        rate = max(rate, amount / (time.perf_counter() - began))
    return rate


def mlp(*widths):
    layers = []
    for i, o in zip(widths, widths[1:]):
        layers += [nn.Linear(i, o), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def train_mlp(batch):
    """Part of an epoch of 50-64-32-3: shuffled rows, cross-entropy, Adam."""
    rows = 200_000
    x, y = torch.rand(rows, 50), torch.randint(0, 3, (rows,))
    net, loss = mlp(50, 64, 32, 3), nn.CrossEntropyLoss()
    adam = torch.optim.Adam(net.parameters(), lr=1e-3)
    steps = min(rows // batch, 1000)

    def run():
        order = torch.randperm(rows)
        for k in range(steps):
            index = order[k * batch : (k + 1) * batch]
            adam.zero_grad()
            loss(net(x[index]), y[index]).backward()
            adam.step()

    return best(steps * batch, run)


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(36, 64, num_layers=2, batch_first=True)
        self.head = nn.Linear(64, 3)

    def forward(self, x):
        return self.head(self.lstm(x)[0][:, -1])


def train_lstm(batch=64, length=20, steps=20):
    """Steps of a two-layer LSTM 36-64-64 over sequences of 20, cross-entropy, Adam."""
    x, y = torch.rand(batch, length, 36), torch.randint(0, 3, (batch,))
    net, loss = Recurrent(), nn.CrossEntropyLoss()
    adam = torch.optim.Adam(net.parameters(), lr=1e-3)

    def run():
        for _ in range(steps):
            adam.zero_grad()
            loss(net(x), y).backward()
            adam.step()

    return best(steps * batch, run)


def infer(rows=1_000_000, chunk=4096):
    """32-64-32-3 over a million rows, in chunks that stay in the caches."""
    net, x = mlp(32, 64, 32, 3), torch.rand(rows, 32)

    def run():
        with torch.inference_mode():
            for i in range(0, rows, chunk):
                net(x[i : i + chunk])

    return best(rows, run)


def main():
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    torch.manual_seed(1)
    print(f"# PyTorch {torch.__version__}", file=sys.stderr)
    for batch in (32, 256, 4096):
        print(f"train/batch={batch} {train_mlp(batch):.0f} samples/s", flush=True)
    print(f"lstm/batch=64 {train_lstm():.0f} sequences/s", flush=True)
    print(f"infer {infer():.0f} rows/s", flush=True)


if __name__ == "__main__":
    main()
