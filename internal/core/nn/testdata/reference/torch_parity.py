"""Writes torch_parity.json: losses, gradients and 100 training steps of small
networks as PyTorch computes them, in float64 on the CPU, for TestTorch of package
nn. Run by hand, from this folder, with the python3-torch of Debian 12:

    /usr/bin/python3 torch_parity.py
"""
import json
import platform

import torch
from torch import nn

torch.set_default_dtype(torch.float64)
torch.manual_seed(20240607)
STEPS, ROWS = 100, 24


def numbers(t):
    return [float("%.9g" % v) for v in t.detach().reshape(-1).tolist()]


def flat(model):
    return [v for p in model.state_dict().values() for v in numbers(p)]


def flat_gradient(model):
    return [v for _, p in model.named_parameters() for v in numbers(p.grad)]


class Recurrent(nn.Module):
    def __init__(self, kind, inputs, hidden, layers, outputs):
        super().__init__()
        cell = {"lstm": nn.LSTM, "gru": nn.GRU}[kind]
        setattr(self, kind, cell(inputs, hidden, num_layers=layers, batch_first=True))
        self.kind, self.fc = kind, nn.Linear(hidden, outputs)

    def forward(self, x):
        out, _ = getattr(self, self.kind)(x)
        return self.fc(out[:, -1])


def perceptron(c):
    layers, width = [], c["inputs"]
    act = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "leaky_relu": nn.LeakyReLU}[c["activation"]]
    for h in c["hidden"]:
        layers.append(nn.Linear(width, h))
        if c.get("layer_norm"):
            layers.append(nn.LayerNorm(h))
        layers += [act(), nn.Dropout(0.0)]
        width = h
    return nn.Sequential(*layers, nn.Linear(width, c["outputs"]))


def loss_of(c):
    kind, weight = c["loss"], c.get("class_weights")
    weight = None if weight is None else torch.tensor(weight)
    if kind == "cross_entropy":
        return nn.CrossEntropyLoss(weight=weight, label_smoothing=c.get("smoothing", 0.0))
    if kind == "focal":  # not in torch: its formula, weighted as cross-entropy is
        def focal(z, y):
            log = torch.log_softmax(z, 1).gather(1, y[:, None])[:, 0]
            w = torch.ones(len(y)) if weight is None else weight[y]
            return (w * (1 - log.exp()) ** c["gamma"] * -log).sum() / w.sum()
        return focal
    if kind == "quantile":  # not in torch: its formula
        return lambda z, y: torch.maximum(c["quantile"] * (y - z[:, 0]), (c["quantile"] - 1) * (y - z[:, 0])).mean()
    one = {"mse": nn.MSELoss(), "huber": nn.HuberLoss(delta=c.get("delta", 1.0))}[kind]
    return lambda z, y: one(z[:, 0], y)


def optimizer_of(c, model):
    p, rate, decay = model.parameters(), c["rate"], c.get("decay", 0.0)
    return {
        "adam": lambda: torch.optim.Adam(p, lr=rate, weight_decay=decay),
        "adamw": lambda: torch.optim.AdamW(p, lr=rate, weight_decay=decay),
        "sgd": lambda: torch.optim.SGD(p, lr=rate, weight_decay=decay, momentum=c.get("momentum", 0.0)),
        "rmsprop": lambda: torch.optim.RMSprop(p, lr=rate, weight_decay=decay),
    }[c["optimizer"]]()


def schedule_of(c, opt):
    s = torch.optim.lr_scheduler
    return {
        "constant": lambda: s.LambdaLR(opt, lambda e: 1.0),
        "step": lambda: s.StepLR(opt, step_size=30, gamma=0.1),
        "exponential": lambda: s.ExponentialLR(opt, gamma=0.95),
        "cosine": lambda: s.CosineAnnealingLR(opt, T_max=STEPS),
        "one_cycle": lambda: s.OneCycleLR(opt, max_lr=c["rate"], total_steps=STEPS, cycle_momentum=False),
        "reduce_on_plateau": lambda: s.ReduceLROnPlateau(opt, factor=0.5, patience=1),
    }[c.get("schedule", "constant")]()


def run(c):
    recurrent = c["cell"] != "mlp"
    model = Recurrent(c["cell"], c["inputs"], c["hidden"][0], len(c["hidden"]), c["outputs"]) if recurrent else perceptron(c)
    model.load_state_dict({k: v.float().double() for k, v in model.state_dict().items()})
    x = torch.rand(ROWS, c["window"], c["inputs"]) * 2 - 1 if recurrent else torch.rand(ROWS, c["inputs"]) * 2 - 1
    x = x.float().double()
    classes = c["loss"] in ("cross_entropy", "focal")
    y = torch.randint(c["outputs"], (ROWS,)) if classes else (torch.rand(ROWS) * 2 - 1).float().double()
    loss, opt = loss_of(c), optimizer_of(c, model)
    schedule = schedule_of(c, opt)
    case = dict(c, weights=flat(model), x=numbers(x), y=y.tolist(), losses=[], rates=[])
    for step in range(STEPS):
        opt.zero_grad()
        value = loss(model(x), y)
        value.backward()
        if step == 0:
            case["gradient"] = flat_gradient(model)
        if c.get("clip"):
            nn.utils.clip_grad_norm_(model.parameters(), c["clip"])
        case["losses"].append(float("%.9g" % value.item()))
        case["rates"].append(float("%.12g" % opt.param_groups[0]["lr"]))
        opt.step()
        if c.get("schedule") == "reduce_on_plateau":
            schedule.step(loss(model(x), y).item())
        else:
            schedule.step()
    case["trained"] = flat(model)
    return case


MLP = dict(cell="mlp", inputs=5, hidden=[8, 6], outputs=3, activation="relu", loss="cross_entropy", optimizer="adam", rate=0.01)
ONE = dict(MLP, outputs=1)
LSTM = dict(cell="lstm", window=6, inputs=3, hidden=[5, 5], outputs=3, loss="cross_entropy", optimizer="adam", rate=0.01)
CASES = {
    "mlp": dict(MLP, class_weights=[0.5, 2.0, 1.0], clip=0.5, decay=0.001),
    "mlp_tanh_huber": dict(ONE, activation="tanh", loss="huber", delta=0.3),
    "mlp_sigmoid_mse": dict(ONE, activation="sigmoid", loss="mse"),
    "mlp_leaky_relu_focal": dict(MLP, activation="leaky_relu", loss="focal", gamma=2.0, class_weights=[0.5, 2.0, 1.0]),
    "mlp_layer_norm": dict(MLP, activation="tanh", layer_norm=True, smoothing=0.1),
    "mlp_quantile": dict(ONE, activation="tanh", loss="quantile", quantile=0.8, rate=0.001),
    "adamw": dict(MLP, activation="tanh", optimizer="adamw", decay=0.1),
    "sgd": dict(MLP, activation="tanh", optimizer="sgd", momentum=0.9, decay=0.01),
    "step": dict(MLP, activation="tanh", schedule="step"),
    "exponential": dict(MLP, activation="tanh", schedule="exponential"),
    "cosine": dict(MLP, activation="tanh", schedule="cosine"),
    "one_cycle": dict(MLP, activation="tanh", schedule="one_cycle"),
    "reduce_on_plateau": dict(MLP, activation="tanh", optimizer="sgd", rate=2.0, schedule="reduce_on_plateau"),
    "lstm": LSTM,
    "gru": dict(LSTM, cell="gru"),
    "lstm_one_layer_mse": dict(LSTM, hidden=[5], outputs=1, loss="mse", clip=0.1, rate=0.003),
    "rmsprop": dict(MLP, activation="tanh", optimizer="rmsprop", decay=0.01, rate=0.001),
}

if __name__ == "__main__":
    out = {"made_by": "torch %s, Python %s, testdata/reference/torch_parity.py" % (torch.__version__, platform.python_version()),
           "cases": {name: run(c) for name, c in CASES.items()}}
    with open("torch_parity.json", "w") as f:
        json.dump(out, f, separators=(",", ":"))
        f.write("\n")
