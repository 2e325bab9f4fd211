"""JAX: the whole step, Adam and the choice of samples included, as one jitted function that gives its memory back."""

import jax
import jax.numpy as jnp
import numpy as np
from protocol import read_samples, serve

images = ("NHWC", "HWIO", "NHWC")


def glorot(key, shape):
    return jax.nn.initializers.glorot_uniform()(key, shape, jnp.float32), jnp.zeros(shape[-1])


def initial(net, key):
    """Kernel and bias of every layer that has them; two pairs for a Gaussian."""
    width = net["shape"][-1]
    weights = []
    for layer in net["layers"]:
        key, first, second = jax.random.split(key, 3)
        match layer["kind"]:
            case "dense":
                weights.append(glorot(first, (width, layer["units"])))
                width = layer["units"]
            case "conv" | "convTranspose":
                weights.append(glorot(first, (layer["size"], layer["size"], width, layer["filters"])))
                width = layer["filters"]
            case "gaussian":
                shape = (width, layer["units"])
                weights.append((glorot(first, shape), glorot(second, shape)))
                width = layer["units"]
            case _:
                weights.append(())
    return weights


def loss_of(net, weights, x, key):
    value, kl = x, 0.0
    for layer, w in zip(net["layers"], weights):
        match layer["kind"]:
            case "dense":
                value = value @ w[0] + w[1]
            case "conv":
                strides = (layer["strides"],) * 2
                value = jax.lax.conv_general_dilated(value, w[0], strides, "SAME", dimension_numbers=images) + w[1]
            case "convTranspose":
                value = jax.lax.conv_transpose(value, w[0], (2, 2), "SAME", dimension_numbers=images) + w[1]
            case "maxPool":
                value = jax.lax.reduce_window(value, -jnp.inf, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "SAME")
            case "double":
                n, height, width, channels = value.shape
                value = jnp.broadcast_to(value[:, :, None, :, None, :], (n, height, 2, width, 2, channels))
                value = value.reshape(n, 2 * height, 2 * width, channels)
            case "gaussian":
                (to_mean, mean_bias), (to_log_variance, log_variance_bias) = w
                mean, log_variance = value @ to_mean + mean_bias, value @ to_log_variance + log_variance_bias
                kl = -0.5 * (1 + log_variance - mean**2 - jnp.exp(log_variance)).sum(1).mean()
                value = mean + jnp.exp(0.5 * log_variance) * jax.random.normal(key, mean.shape)
        last = layer is net["layers"][-1]
        match layer.get("activation"):
            case "relu":
                value = jax.nn.relu(value)
            # cross-entropy takes logits
            case "sigmoid" if not (last and net["loss"] != "mse"):
                value = jax.nn.sigmoid(value)
    if net["loss"] == "mse":
        return jnp.mean((value - x) ** 2)
    entropy = jnp.maximum(value, 0) - value * x + jnp.log1p(jnp.exp(-jnp.abs(value)))
    return (entropy.mean() if net["loss"] == "bce" else entropy.sum(1).mean()) + kl


def make_step(net):
    def step(state, samples, order):
        weights, means, squares, count, key, total = state
        key, draw = jax.random.split(key)
        loss, gradients = jax.value_and_grad(lambda w: loss_of(net, w, samples[order], draw))(weights)
        count += 1
        means = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, means, gradients)
        squares = jax.tree.map(lambda s, g: 0.999 * s + 0.001 * g * g, squares, gradients)
        rate = 1e-3 * jnp.sqrt(1 - 0.999**count) / (1 - 0.9**count)
        weights = jax.tree.map(lambda w, m, s: w - rate * m / (jnp.sqrt(s) + 1e-7), weights, means, squares)
        return weights, means, squares, count, key, total + loss * len(order)

    return jax.jit(step, donate_argnums=0)


def train(task, pause):
    net, batch = task["net"], task["batch"]
    samples = jnp.asarray(read_samples(task))
    key = jax.random.key(1)
    weights = initial(net, key)
    parameters = sum(w.size for w in jax.tree.leaves(weights))
    zeros = lambda: jax.tree.map(jnp.zeros_like, weights)
    state = (weights, zeros(), zeros(), jnp.float32(0), key, jnp.float32(0))
    step = make_step(net)
    random = np.random.default_rng(1)
    while True:
        order = random.permutation(len(samples)).astype(np.int32)
        for start in range(0, len(order), batch):
            state = step(state, samples, order[start : start + batch])
        loss = float(state[-1]) / len(order)  # waits for all steps
        state = (*state[:-1], jnp.float32(0))
        if not pause(loss, parameters):
            return


serve({"jax": jax.__version__}, train)
