"""PyTorch: the training loop of its tutorials with a DataLoader, or tuned. Arguments: documented | fused | compile."""

import sys

import torch
import torch.nn.functional as F
from protocol import read_samples, serve, threads
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.set_num_threads(threads)
mode = sys.argv[1]
tuned = mode != "documented"


class Gaussian(nn.Module):
    """Mean and log variance of the code, a draw from it; keeps its KL divergence from N(0, I)."""

    def __init__(self, inputs, units):
        super().__init__()
        self.mean = nn.Linear(inputs, units)
        self.log_variance = nn.Linear(inputs, units)

    def forward(self, x):
        mean, log_variance = self.mean(x), self.log_variance(x)
        self.kl = -0.5 * (1 + log_variance - mean.pow(2) - log_variance.exp()).sum(1).mean()
        return mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)


def build(net):
    width = net["shape"][-1]
    stack = []
    for layer in net["layers"]:
        match layer["kind"]:
            case "dense":
                stack.append(nn.Linear(width, layer["units"]))
                width = layer["units"]
            case "conv":
                stack.append(nn.Conv2d(width, layer["filters"], layer["size"], layer["strides"], padding=1))
                width = layer["filters"]
            case "convTranspose":
                stack.append(nn.ConvTranspose2d(width, layer["filters"], layer["size"], 2, padding=1, output_padding=1))
                width = layer["filters"]
            case "maxPool":
                stack.append(nn.MaxPool2d(2))
            case "double":
                stack.append(nn.Upsample(scale_factor=2))
            case "gaussian":
                stack.append(Gaussian(width, layer["units"]))
                width = layer["units"]
        match layer.get("activation"):
            case "relu":
                stack.append(nn.ReLU())
            case "sigmoid":
                stack.append(nn.Sigmoid())
    return nn.Sequential(*stack)


def loss_function(net, model):
    """The model's loss on a batch: tuned, cross-entropy takes logits, which is quicker."""
    gaussians = [layer for layer in model if isinstance(layer, Gaussian)]

    def reconstruction(x):
        if net["loss"] == "mse":
            return F.mse_loss(model(x), x)
        scale = net["shape"][0] if net["loss"] == "nats" else 1
        if tuned:
            return scale * F.binary_cross_entropy_with_logits(logits(x), x)
        return scale * F.binary_cross_entropy(model(x), x)

    logits = model[:-1]
    return lambda x: sum((layer.kl for layer in gaussians), start=reconstruction(x))


def documented_epochs(x, batch, model, loss_of, optimizer):
    loader = DataLoader(TensorDataset(x), batch_size=batch, shuffle=True)
    while True:
        total = 0.0
        for (images,) in loader:
            optimizer.zero_grad()
            loss = loss_of(images)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(images)
        yield total / len(x)


def tuned_epochs(x, batch, model, loss_of, optimizer):
    if mode == "compile":
        loss_of = torch.compile(loss_of, dynamic=False)
    while True:
        order = torch.randperm(len(x))
        total = torch.zeros(())
        for start in range(0, len(x), batch):
            images = x[order[start : start + batch]]
            optimizer.zero_grad(set_to_none=True)
            loss = loss_of(images)
            loss.backward()
            optimizer.step()
            total += loss.detach() * len(images)
        yield total.item() / len(x)


def train(task, pause):
    torch.manual_seed(1)
    torch.compiler.reset()
    net = task["net"]
    x = torch.from_numpy(read_samples(task))
    model = build(net)
    if x.ndim == 4:
        x = x.permute(0, 3, 1, 2).contiguous()
        if tuned:
            x = x.to(memory_format=torch.channels_last)
            model = model.to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=tuned or None)
    parameters = sum(p.numel() for p in model.parameters())
    epochs = tuned_epochs if tuned else documented_epochs
    for loss in epochs(x, task["batch"], model, loss_function(net, model), optimizer):
        if not pause(loss, parameters):
            return


serve({"torch": torch.__version__}, train)
