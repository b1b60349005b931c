"""Models of every framework inside the sandbox: they answer as outside of it, loaded once, on one thread."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from bots.sandbox.host import WorkerPool
from bots.sandbox.launcher import ENVIRONMENT
from bots.sandbox.types import BotPackage, Outcome, OutcomeStatus
from tests.model_files import ASKED, MAKERS, NETWORK, ModelFile, keras_model, make, need, network, torch_saved
from tests.sandbox.helpers import request, write_package

ROOT = Path(__file__).resolve().parents[2]
# Of Keras, about numpy, when a model is saved here.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning")

HEAD = """
import numpy as np
from bot_sdk import Action, CustomBot
"""
BOT = (
    HEAD
    + """
class Asks(CustomBot):
    def analyze_market(self, market_data):
        answer = self.models["MODEL"].predict(np.array(self.config["features"]))
        self.state = {"answer": np.asarray(answer).tolist(), "loaded": id(self.models["MODEL"])}
        return Action("HOLD", 1)
"""
)
BOT_WITH_NETWORK = (
    HEAD
    + NETWORK
    + """
class Asks(CustomBot):
    def load_models(self, models_dict):
        self.network = Network().eval()
        self.network.load_state_dict(models_dict["MODEL"])

    def analyze_market(self, market_data):
        with torch.inference_mode():
            answer = self.network(torch.tensor(self.config["features"]))
        self.state = {"answer": answer.tolist(), "loaded": id(self.models["MODEL"])}
        return Action("HOLD", 1)
"""
)


def package_of(file: ModelFile, folder: Path) -> BotPackage:
    code = BOT_WITH_NETWORK if file.name.startswith("weights") else BOT
    stem = Path(file.name).stem
    return write_package(folder, {"bot.py": code, file.name: file.data}, **{stem: ("MODEL", "MODEL", file.framework)})


@pytest.mark.parametrize("name", MAKERS)
def test_it_answers_as_it_does_outside(name: str, pool: WorkerPool, tmp_path: Path) -> None:
    file = make(name)
    package = package_of(file, tmp_path / "bot")
    config = {"features": ASKED.tolist()}
    asked = [request("one", config=config), request("two", config=config)]
    outcomes = [*pool.ask(package, asked), *pool.ask(package, asked)]
    assert [outcome.status for outcome in outcomes] == ["OK"] * 4, outcomes[0].error
    for outcome in outcomes:
        assert np.array(outcome.state["answer"]) == pytest.approx(file.answer, rel=1e-5)
        assert outcome.log == ""
    assert len({outcome.state["loaded"] for outcome in outcomes}) == 1
    assert len(os.listdir(f"/proc/{pool.worker_pids[-1]}/task")) == 1


def test_the_libraries_were_warm_before_any_bot_came(run: Callable[..., Outcome]) -> None:
    outcome = run("import sys; print(sys.modules['bots.sandbox.warmup'].failed)")
    assert outcome.log == "{}\n"


def test_warming_up_leaves_nothing_behind(tmp_path: Path) -> None:
    """Keras writes settings, PyTorch makes a cache, onnxruntime reports to its vendor, unless they are told not to."""
    code = "import sys; sys.path[:0] = [sys.argv[1]]; import bots.sandbox.warmup as w; w.warm_up(); print(w.failed)"
    command = [sys.executable, "-I", "-B", "-c", f"{code}; import os; print(os.listdir('/proc/self/task'))", str(ROOT)]
    places = {"HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
    ended = subprocess.run(command, env={**ENVIRONMENT, **places}, capture_output=True, text=True, check=True)
    failed, threads = ended.stdout.splitlines()
    assert failed == "{}"
    assert threads.count(",") == 0
    assert not list(tmp_path.iterdir())


NEIGHBOURS = """
from sklearn.cluster import KMeans
from sklearn.neighbors import KNeighborsClassifier
features, labels = market_data.to_numpy(), market_data["close"] > market_data["open"]
for model in (KMeans(2, n_init=1), KNeighborsClassifier(algorithm="brute")):
    model.fit(features, labels).predict(features)
"""


def test_models_that_ask_how_many_threads_there_are(run: Callable[..., Outcome]) -> None:
    outcome = run(NEIGHBOURS)
    assert outcome.ok, outcome.error


# --- what would need machine code that is written at run time, which a worker may not


OPERATIONS = """
import torch
x = torch.arange(256.0).reshape(2, 8, 16) / 256
torch.nn.Conv1d(8, 5, 3)(x)
torch.nn.Conv2d(2, 3, 3, dilation=2)(x[None])
torch.nn.ConvTranspose1d(8, 3, 3)(x)
torch.nn.GRU(16, 4, 2, batch_first=True, bidirectional=True)(x)
torch.nn.TransformerEncoder(torch.nn.TransformerEncoderLayer(16, 4, batch_first=True), 1).eval()(x)
torch.nn.Linear(16, 3).bfloat16()(x.bfloat16())
torch.nn.Linear(16, 1)(x).sum().backward()
"""


def test_layers_of_any_shape(run: Callable[..., Outcome]) -> None:
    need("torch")
    assert run(OPERATIONS).ok


def test_a_quantized_network(run: Callable[..., Outcome]) -> None:
    need("torch")
    outcome = run("""
import torch, warnings
warnings.simplefilter("ignore")
quantized = torch.ao.quantization.quantize_dynamic(torch.nn.Sequential(torch.nn.Linear(16, 8)), {torch.nn.Linear})
answer = Action("HOLD", 1, str(quantized(torch.zeros(1, 16)).shape))
""")
    assert outcome.action is not None, outcome.error
    assert outcome.action.reason == "torch.Size([1, 8])"


# --- what is refused, and how the author is told


@pytest.fixture
def error_of(pool: WorkerPool, tmp_path: Path) -> Callable[..., str]:
    """`error_of(file name, data, framework)`: what the report says of a file that cannot be loaded."""

    def describe(name: str, data: bytes, framework: str, code: str = BOT) -> str:
        stem = Path(name).stem
        models: Any = {stem: ("MODEL", "MODEL", framework)}
        outcome = pool.describe(write_package(tmp_path / "bot", {"bot.py": code, name: data}, **models))
        assert outcome.status is OutcomeStatus.RUNTIME_ERROR
        assert outcome.description is not None
        [file] = outcome.description["files"]
        return str(file["error"])

    return describe


def test_a_whole_pickled_module(error_of: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    need("torch")
    import torch

    module = ModuleType("network")
    vars(module)["Network"] = type(network())
    monkeypatch.setitem(sys.modules, "network", module)
    for value in (network(), torch.nn.Sequential(torch.nn.Linear(2, 1))):
        error = error_of("model.pt", torch_saved(value), "PYTORCH")
        assert "a whole pickled PyTorch object" in error
        assert "torch.save(model.state_dict(), ...)" in error
        assert "TorchScript" in error


def test_a_checkpoint_with_an_object_of_ones_own(error_of: Callable[..., str]) -> None:
    need("torch")
    checkpoint = {"state_dict": network().state_dict(), "path": Path("somewhere")}
    error = error_of("model.pt", torch_saved(checkpoint), "PYTORCH")
    assert "torch.save(model.state_dict(), ...)" in error
    assert "pathlib" in error


def test_a_file_of_another_framework_is_named(error_of: Callable[..., str]) -> None:
    error = error_of("model.bin", make("XGBoost, JSON").data, "LIGHTGBM")
    assert "the framework is LIGHTGBM, but the file is an XGBoost model in JSON: XGBOOST" in error


def test_keras_weights_without_a_model(error_of: Callable[..., str], tmp_path: Path) -> None:
    need("keras", "torch", "h5py")
    keras_model().save_weights(tmp_path / "model.weights.h5")
    error = error_of("model.h5", (tmp_path / "model.weights.h5").read_bytes(), "KERAS")
    assert "model.save('model.keras')" in error


def test_a_keras_lambda(error_of: Callable[..., str], tmp_path: Path) -> None:
    need("keras", "torch")
    import keras

    layers = [keras.layers.Input((4,)), keras.layers.Lambda(lambda x: x * 2)]
    keras.Sequential(layers).save(tmp_path / "model.keras")
    error = error_of("model.keras", (tmp_path / "model.keras").read_bytes(), "KERAS")
    assert "lambda" in error.lower()


def test_a_keras_layer_of_ones_own(pool: WorkerPool, tmp_path: Path) -> None:
    need("keras", "torch")
    import keras

    layer = """
import keras

@keras.saving.register_keras_serializable("mine")
class Doubled(keras.layers.Layer):
    def call(self, inputs):
        return inputs * 2
"""
    names: dict[str, Any] = {"__name__": "bot"}
    exec(layer, names)
    keras.Sequential([keras.layers.Input((4,)), names["Doubled"]()]).save(tmp_path / "model.keras")
    files = {"bot.py": layer + BOT, "model.keras": (tmp_path / "model.keras").read_bytes()}
    package = write_package(tmp_path / "bot", files, model=("MODEL", "MODEL", "KERAS"))
    [outcome] = pool.ask(package, [request(config={"features": ASKED.tolist()})])
    assert outcome.ok, outcome.error
    assert np.array(outcome.state["answer"]) == pytest.approx(ASKED * 2, rel=1e-5)


def test_a_keras_vocabulary(error_of: Callable[..., str], tmp_path: Path) -> None:
    need("keras", "torch")
    import zipfile

    path = make("Keras, .keras").write(tmp_path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("assets/layers/lookup/vocabulary.txt", "a\nb\n")
    assert "prepare the features in the bot's code" in error_of("model.keras", path.read_bytes(), "KERAS")


def test_an_onnx_model_of_several_inputs_is_asked_by_name(pool: WorkerPool, tmp_path: Path) -> None:
    need("onnx", "onnxruntime")
    from onnx import TensorProto, helper

    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2]) for name in ("a", "b", "sum")]
    graph = helper.make_graph([helper.make_node("Add", ["a", "b"], ["sum"])], "graph", ends[:2], ends[2:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    code = (
        HEAD
        + """
class Asks(CustomBot):
    def analyze_market(self, market_data):
        one = np.ones(2, dtype=np.float32)
        [total] = self.models["MODEL"].run(None, {"a": one, "b": one})
        try:
            self.models["MODEL"].predict(one)
        except ValueError as error:
            return Action("HOLD", 1, f"{total.tolist()} {error}")
"""
    )
    files = {"bot.py": code, "model.onnx": model.SerializeToString()}
    [outcome] = pool.ask(write_package(tmp_path / "bot", files, model=("MODEL", "MODEL", "ONNX")), [request()])
    assert outcome.action is not None, outcome.error
    assert outcome.action.reason.startswith("[2.0, 2.0] predict() is for models with one input; this one takes a, b")
