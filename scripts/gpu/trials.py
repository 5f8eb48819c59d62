"""What scripts/gpu_check and scripts/compare share: where ktbench is, commands with a time limit, and what its records say."""
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

PARTS = Path(__file__).resolve().parent  # suites and what stands beside ktbench
ROOT = PARTS.parent.parent
FAILED, WRONG_USE, LACKING = 1, 2, 3  # exit codes; lacking: a GPU, a Python with torch


class StageError(Exception):
    """Why a measurement has no result."""


class Skipped(Exception):
    """What a measurement lacks here, which is no fault."""


class Ktbench:
    """Where its parts are: in a build folder, or beside these scripts in gpu_check's archive."""

    def __init__(self, home=None):
        self.carried = home is None and (ROOT / "ktbench/bin/ktbench").exists()
        self.home = Path(home).absolute() if home else ROOT / ("ktbench" if self.carried else "build")
        self.program = self.home / "bin/ktbench"
        if not self.program.exists():
            raise StageError(f"there is no {self.program}; scripts/build makes it")

    def suite(self, name):
        return ROOT / ("ktbench/share/ktbench/suites" if self.carried else "suites") / f"{name}.toml"

    def version(self):
        return said([self.program, "--version"])

    def libraries(self):
        """Variables by which its programs load the libraries beside them, also where the folder was moved or copied."""
        places = [str(self.home / "lib"), os.environ.get("LD_LIBRARY_PATH", "")]
        return {"LD_LIBRARY_PATH": ":".join(filter(None, places))}

    def torch_for_python(self):
        """Variables by which Python finds the tree's own torch, which it may not know."""
        own = self.home / "lib/ktbench/torch"
        return {"PYTHONPATH": str(own.resolve().parent)} if own.exists() else {}


# ---- Commands ----


def logged(log, command, seconds, environment, folder, accept=(0,)):
    """Output of a command, which is appended to the file `log` as well; it is killed with all it started after so many seconds."""
    with open(log, "a", encoding="utf-8", errors="replace") as file:
        file.write("$ " + " ".join(map(str, command)) + "\n")
        file.flush()
        start = file.tell()
        process = subprocess.Popen([str(word) for word in command], stdout=file, stderr=subprocess.STDOUT,
                                   stdin=subprocess.DEVNULL, env=environment, start_new_session=True, cwd=folder)
        try:
            code = process.wait(timeout=max(seconds, 0.1))
        except subprocess.TimeoutExpired:
            code = None
        finally:
            if process.returncode is None:  # late, or we are told to stop
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    with open(log, "rb") as file:
        file.seek(start)
        text = file.read().decode("utf-8", errors="replace")
    if code is None:
        raise StageError(f"{command[0]} did not end in time: {last_line(text)}")
    if code not in accept:
        raise StageError(f"{Path(command[0]).name} ended with {code}: {last_line(text)}")
    return text


def said(command):
    """What a short command prints; nothing where it cannot be run."""
    try:
        return subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=20,
                              check=False).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""


def last_line(text):
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1][:200] if lines else "it said nothing"


def with_data(environment):
    """Where data sets are looked for: those that an archive carries as well."""
    if not (ROOT / "data").is_dir():
        return dict(environment)
    places = [str(ROOT / "data"), environment.get("KTBENCH_DATA", "")]
    return environment | {"KTBENCH_DATA": ":".join(filter(None, places))}


def made_pictures(folder, train, test):
    """Noise in CIFAR-100's binary layout: a coarse label, a fine label, 3072 bytes."""
    place = folder / "cifar-100-binary"
    if not place.exists():
        place.mkdir(parents=True)
        for split, count in (("train", train), ("test", test)):
            with open(place / f"{split}.bin", "wb") as file:
                for at in range(count):
                    file.write(bytes((at % 20, at % 100)) + os.urandom(3072))
    return folder


# ---- What records say ----


def records(results):
    """All of a folder; a trial that failed ends the stage."""
    found = [json.loads(path.read_text()) for path in sorted(results.glob("trials/*/record.json"))]
    for record in found:
        if record["status"] != "ok":
            raise StageError(f"{record['id']}: {record['status']}: {record['reason'][:200]}")
    return found


def of_method(results, method):
    """Records of the trials by a method, with their folders; that of a source has no pair."""
    found = [(results / "trials" / record["id"], record) for record in records(results)
             if record["axes"]["method"] == method and (record["axes"]["pair"] or method == "scratch")]
    if not found:
        raise StageError(f"no trial of {method} in {results}")
    return found


def step_time(folder, record, batch):
    """Of a step once it is warm: between the second line of the curve and the last, where there are as many."""
    curve = [json.loads(line) for line in (folder / "curve.jsonl").read_text().splitlines()]
    first = curve[1] if len(curve) > 2 else {"step": 0, "seconds": 0.0}
    seconds = (curve[-1]["seconds"] - first["seconds"]) / (curve[-1]["step"] - first["step"])
    return {"ms": 1e3 * seconds, "images_per_second": batch / seconds, "steps": curve[-1]["step"], "warm": len(curve) > 2,
            "recorded": record["provenance"].get("recorded", "no"),
            "peak_memory_mib": round(record["cost"].get("peak_memory_mib", 0))}


# ---- The machine, and what comes out ----


def machine():
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    gpu = said(["nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"])
    return {"date": time.strftime("%Y-%m-%d"), "gpu": gpu or "none", "cpu": cpu[1] if cpu else platform.processor(),
            "cores": len(os.sched_getaffinity(0))}


def gpu_or_why():
    """What was looked at, and whether a GPU is there."""
    looked = []
    smi = shutil.which("nvidia-smi")
    if smi:
        listed = subprocess.run([smi, "-L"], capture_output=True, text=True, check=False)
        if "GPU" in listed.stdout:
            return True, [listed.stdout.strip()]
        looked.append(f"nvidia-smi -L says: {(listed.stdout + listed.stderr).strip() or 'nothing'}")
    else:
        looked.append("there is no nvidia-smi")
    if Path("/dev/nvidia0").exists():
        return True, ["/dev/nvidia0"]
    return False, looked + ["there is no /dev/nvidia0"]


def fresh_folder(out):
    """Empty; what lies there is removed only where it is an earlier result. False: it is somebody's."""
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not (out / "result.json").exists())):
        return False
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    return True


def table(columns, rows):
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows] + [""]
