#!/usr/bin/env python3
"""scripts/compare without torch and without ktbench: programs that are none stand for both."""
import importlib.machinery
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import unittest
import zlib
from pathlib import Path

sys.dont_write_bytecode = True
ROOT = Path(__file__).resolve().parent.parent
SCRIPT = ROOT / "scripts/compare"
sys.path.insert(0, str(ROOT / "scripts/gpu"))
import rounds  # noqa: E402
import trials  # noqa: E402

# A ktbench whose step takes STEP seconds; it writes what a trial leaves.
KTBENCH = """#!/usr/bin/env python3
import json, pathlib, sys
if "--version" in sys.argv: sys.exit(print("0.0-STEP"))
results = pathlib.Path(sys.argv[sys.argv.index("--results") + 1])
folder = results / "trials/kd-0"
folder.mkdir(parents=True)
record = {"id": "kd-0", "status": "STATUS", "reason": "it was told to", "axes": {"method": "kd", "pair": "r20 -> resnet8"},
          "parameters": {"target": 83892}, "provenance": {}, "cost": {}}
(folder / "record.json").write_text(json.dumps(record))
(folder / "curve.jsonl").write_text(json.dumps({"step": 4, "seconds": 4 * STEP}) + "\\n")
"""
# A Python that has torch: says so, and takes 20 ms for a plain step, 15 ms where malloc is told, and 5 ms for the others.
PYTHON = """#!/bin/sh
case "$*" in
  -c*) echo torch 2.11 ;;
  *plain*) test -n "$GLIBC_TUNABLES" && took=0.015 || took=0.02
           echo "{\\"seconds\\": $took, \\"count\\": 4, \\"parameters\\": PARAMETERS}" ;;
  *) test -n "$GLIBC_TUNABLES" && echo '{"seconds": 0.005, "count": 4, "parameters": 83892}' ;;
esac
"""


def loaded():
    loader = importlib.machinery.SourceFileLoader("compare", str(SCRIPT))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("compare", loader))
    sys.modules["compare"] = module
    loader.exec_module(module)
    return module


def run_of(name, who, seconds, others=0.0):
    return {"round": name, "who": who, "seconds": seconds, "cpu": 2 * seconds, "others": others}


class Rounds(unittest.TestCase):
    def test_ratios_are_of_one_round(self):
        # The machine was half as fast in the second round; that is in neither ratio.
        runs = [run_of(1, "a", 1.0), run_of(1, "b", 2.0), run_of(2, "a", 2.0), run_of(2, "b", 4.0)]
        self.assertEqual(rounds.ratios(runs, "b", "a"), [2.0, 2.0])
        self.assertEqual(rounds.ratio_text([3.0, 1.0, 2.0]), "2.00 [1.00..3.00]")

    def test_a_round_that_lacks_one_has_no_ratio(self):
        runs = [run_of(1, "a", 1.0), run_of(2, "a", 2.0), run_of(2, "b", 6.0)]
        self.assertEqual(rounds.ratios(runs, "b", "a"), [3.0])
        self.assertEqual(rounds.ratio_text(rounds.ratios(runs, "c", "a")), "")

    def test_busy_rounds_count_only_where_none_was_quiet(self):
        runs = [run_of(1, "a", 1.0, 0.02), run_of(1, "b", 1.0, 0.5), run_of(2, "a", 3.0), run_of(2, "b", 3.0)]
        self.assertEqual(rounds.quiet_rounds(runs), ([2], [1, 2]))
        self.assertEqual([run["round"] for run in rounds.counted(runs)], [2, 2])
        self.assertEqual(rounds.counted(runs[:2]), runs[:2])

    def test_cpu_time_of_a_unit_is_without_the_start(self):
        self.assertAlmostEqual(rounds.per_unit(5.0, 40, 2.0, 10), 0.1)
        self.assertIsNone(rounds.per_unit(2.0, 40, 2.0, 10))
        self.assertIsNone(rounds.per_unit(5.0, 4, 2.0, 4))

    def test_idle_and_waiting_are_no_use(self):
        tick = os.sysconf("SC_CLK_TCK")
        self.assertAlmostEqual(rounds.used_seconds("cpu  10 20 30 999 888 40 50 7 0 0\ncpu0 1"), 150 / tick)

    def test_a_child_s_time_is_ours_and_not_others(self):
        with rounds.Watch() as watch:
            subprocess.run([sys.executable, "-c", "import time\nwhile time.process_time() < 0.3: pass"], check=True)
        self.assertGreaterEqual(watch.cpu, 0.3)
        self.assertGreaterEqual(watch.wall, 0.3)


class Parts(unittest.TestCase):
    def test_a_step_is_timed_once_it_is_warm(self):
        with tempfile.TemporaryDirectory() as folder:
            curve = [{"step": 10 * at, "seconds": 5.0 + at} for at in range(1, 6)]
            (Path(folder) / "curve.jsonl").write_text("".join(json.dumps(line) + "\n" for line in curve))
            found = trials.step_time(Path(folder), {"provenance": {}, "cost": {}}, 64)
        self.assertAlmostEqual(found["ms"], 100)
        self.assertAlmostEqual(found["images_per_second"], 640)

    def test_a_made_png_has_its_pixels(self):
        pixels = bytes(range(18))
        made = loaded().png(3, 2, pixels)
        self.assertTrue(made.startswith(b"\x89PNG\r\n\x1a\n") and made.endswith(b"IEND\xaeB`\x82"))
        at = made.index(b"IDAT")
        size = int.from_bytes(made[at - 4:at], "big")
        self.assertEqual(zlib.decompress(made[at + 4:at + 4 + size]), b"\0" + pixels[:9] + b"\0" + pixels[9:])


class Whole(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = Path(holder.name)

    def build(self, name, step, status="ok"):
        program = self.folder / name / "bin/ktbench"
        program.parent.mkdir(parents=True)
        program.write_text(KTBENCH.replace("STEP", str(step)).replace("STATUS", status))
        program.chmod(0o755)
        return ["--build", self.folder / name]

    def python(self, parameters=83892):
        program = self.folder / "python"
        program.write_text(PYTHON.replace("PARAMETERS", str(parameters)))
        program.chmod(0o755)
        return ["--python", program]

    def compare(self, *options):
        done = subprocess.run([sys.executable, SCRIPT, "--smoke", "--wait", "0", "--only", "kd-20-8", "--out", self.folder / "out",
                               *options], capture_output=True, text=True, check=False)
        result = self.folder / "out/result.json"
        return done.returncode, done.stdout + done.stderr, json.loads(result.read_text()) if result.exists() else None

    def test_all_stand_beside_ktbench(self):
        code, text, result = self.compare(*self.build("new", 0.01), *self.build("old", 0.03), *self.python(), "--rounds", "2")
        self.assertEqual(code, 0, text)
        row = result["rows"]["kd-20-8"]
        self.assertEqual(row["rounds"], 2)
        for who, ratio in (("plain", 2.0), ("tuned", 1.5), ("best", 0.5), ("bound", 0.5), (f"ktbench of {self.folder / 'old'}", 3.0)):
            # Of one round where others kept the machine busy in the other.
            self.assertEqual({round(value, 6) for value in row["ratios"][who]}, {ratio}, who)
        self.assertIn("SMOKE", text)
        self.assertIn("2.00 [2.00..2.00]", (self.folder / "out/result.md").read_text())
        self.assertEqual(len((self.folder / "out/rounds.jsonl").read_text().splitlines()), 2 * 6)

    def test_forms_of_pytorch_are_chosen(self):
        code, text, result = self.compare(*self.build("new", 0.01), *self.python(), "--forms", "best")
        self.assertEqual(code, 0, text)
        self.assertEqual(list(result["rows"]["kd-20-8"]["ratios"]), ["best"])

    def test_networks_of_two_sizes_are_not_compared(self):
        code, text, result = self.compare(*self.build("new", 0.01), *self.python(parameters=1))
        self.assertEqual(code, 1, text)
        self.assertIn("not the same network", result["rows"]["kd-20-8"]["why"])

    def test_a_trial_that_failed_fails_the_row(self):
        code, text, _ = self.compare(*self.build("new", 0.01, "crashed"), *self.python())
        self.assertEqual(code, 1, text)
        self.assertIn("it was told to", text)

    def test_without_torch_only_builds_are_compared(self):
        nothing = ["--python", "/bin/false"]
        code, text, _ = self.compare(*self.build("new", 0.01), *nothing)
        self.assertEqual(code, 3, text)
        self.assertIn("--python", text)
        code, text, result = self.compare("--build", self.folder / "new", *self.build("old", 0.02), *nothing)
        self.assertEqual(code, 0, text)
        self.assertIn("PyTorch", result["rows"]["kd-20-8"]["lacks"])

    def test_what_cannot_be(self):
        self.assertEqual(self.compare("--build", self.folder / "nowhere")[0], 3)
        self.assertEqual(self.compare("--only", "no-such-row")[0], 2)
        self.assertEqual(self.compare("--rounds", "0")[0], 2)
        self.assertEqual(self.compare(*2 * self.build("new", 0.01), *self.python())[0], 3)

    def test_what_others_left_is_kept(self):
        (self.folder / "out").mkdir()
        (self.folder / "out/mine.txt").touch()
        code, text, _ = self.compare()
        self.assertEqual(code, 2, text)
        self.assertIn("say another --out", text)
        self.assertTrue((self.folder / "out/mine.txt").exists())


if __name__ == "__main__":
    unittest.main(verbosity=0)
