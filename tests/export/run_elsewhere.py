"""Run model files in an environment that has ONNX Runtime and numpy alone; no test, but what tests run there.

.venv-oldest/bin/python tests/export/run_elsewhere.py CPUExecutionProvider images.npz answers.npz a.onnx b.ort ...

`images.npz` holds an array for each height that a file may want, by that height. Says the runtime's version and, for
each file, how many nodes each provider ran, as JSON.
"""

import json
import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import onnxruntime as ort


def run_file(path: str, provider: str, images: "np.lib.npyio.NpzFile", folder: str) -> "tuple[np.ndarray, dict]":
    """The answers, and the number of nodes by provider."""
    options = ort.SessionOptions()
    options.enable_profiling = True
    options.profile_file_prefix = str(Path(folder) / "profile")
    options.log_severity_level = 4
    names = list(dict.fromkeys([provider, "CPUExecutionProvider"]))
    session = ort.InferenceSession(path, options, providers=names)
    info = session.get_inputs()[0]
    pictures = images[str(info.shape[1])]
    answers = session.run(None, {info.name: pictures})[0]
    events = json.loads(Path(session.end_profiling()).read_text())
    ran = {(e["args"]["provider"], e["name"]) for e in events if e["name"].endswith("_kernel_time")}
    return answers, dict(Counter(who for who, _ in ran))


def main() -> None:
    """Run all files that the command line names."""
    provider, images_path, answers_path, *files = sys.argv[1:]
    images = np.load(images_path)
    answers, nodes = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        for path in files:
            answers[path], nodes[path] = run_file(path, provider, images, folder)
    np.savez(answers_path, **{str(index): answers[path] for index, path in enumerate(files)})
    sys.stdout.write(json.dumps({"version": ort.__version__, "nodes": nodes}) + "\n")


if __name__ == "__main__":
    main()
