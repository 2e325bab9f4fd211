"""Keras 3 on TensorFlow: `fit` as its guides show it, or tuned. Arguments: documented | steps | steps+jit."""

import os
import sys

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"

import keras
import tensorflow as tf
from keras import layers, ops
from protocol import read_samples, serve, threads

tf.config.threading.set_intra_op_parallelism_threads(threads)
tf.config.threading.set_inter_op_parallelism_threads(threads)

tuning = {
    "documented": {},
    "steps": {"steps_per_execution": 20, "jit_compile": False},
    "steps+jit": {"steps_per_execution": 20, "jit_compile": True},
}[sys.argv[1]]
tuned = bool(tuning)


class Gaussian(layers.Layer):
    """Mean and log variance of the code, a draw from it, and its KL divergence from N(0, I) as a loss."""

    def __init__(self, units):
        super().__init__()
        self.mean = layers.Dense(units)
        self.log_variance = layers.Dense(units)
        self.seeds = keras.random.SeedGenerator(1)

    def call(self, x):
        mean, log_variance = self.mean(x), self.log_variance(x)
        kl = -0.5 * ops.sum(1 + log_variance - ops.square(mean) - ops.exp(log_variance), axis=1)
        self.add_loss(ops.mean(kl))
        return mean + ops.exp(0.5 * log_variance) * keras.random.normal(ops.shape(mean), seed=self.seeds)


def make(layer, activation):
    match layer["kind"]:
        case "dense":
            return layers.Dense(layer["units"], activation=activation)
        case "conv":
            return layers.Conv2D(layer["filters"], layer["size"], layer["strides"], "same", activation=activation)
        case "convTranspose":
            return layers.Conv2DTranspose(layer["filters"], layer["size"], layer["strides"], "same", activation=activation)
        case "maxPool":
            return layers.MaxPooling2D(2, padding="same")
        case "double":
            return layers.UpSampling2D(2)
        case "gaussian":
            return Gaussian(layer["units"])


def loss_and_activation(net):
    """The loss, and the last layer's activation: tuned, cross-entropy takes logits, which is quicker."""
    if net["loss"] == "mse":
        return "mse", net["layers"][-1]["activation"]
    logits = tuned
    entropy = keras.losses.BinaryCrossentropy(from_logits=logits)
    scale = net["shape"][0] if net["loss"] == "nats" else 1
    return (entropy if scale == 1 else lambda x, y: scale * entropy(x, y)), "linear" if logits else "sigmoid"


class Pause(keras.callbacks.Callback):
    def __init__(self, pause):
        super().__init__()
        self.pause = pause

    def on_epoch_end(self, epoch, logs=None):
        parameters = sum(int(ops.size(w)) for w in self.model.trainable_weights)
        if not self.pause(logs["loss"], parameters):
            self.model.stop_training = True


def train(task, pause):
    net = task["net"]
    keras.utils.set_random_seed(1)
    loss, last = loss_and_activation(net)
    stack = [make(layer, layer.get("activation")) for layer in net["layers"][:-1]] + [make(net["layers"][-1], last)]
    model = keras.Sequential([keras.Input(net["shape"]), *stack])
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss=loss, **tuning)
    x = read_samples(task)
    model.fit(x, x, batch_size=task["batch"], epochs=1_000_000, shuffle=True, verbose=0, callbacks=[Pause(pause)])
    keras.backend.clear_session()


serve({"keras": keras.__version__, "tensorflow": tf.__version__}, train)
