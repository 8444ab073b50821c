"""`nadir train` in containers' trees, as the platform makes them: jobs, stops,
restarts and faults of the built program.

    contract_test.py NADIR
"""
import gzip
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "engines"))
from tiny_runs import losses, wait_until  # noqa: E402

NUM_STEPS = 24
PRETRAIN = {
    "arch": "vit_nano", "patch_size": 16, "epochs": 8, "saveckp_freq": 2,
    "split": "all", "max_images": 24, "batch_size_per_gpu": 8,
    "global_crop_size": 32, "local_crop_size": 16, "local_crops_number": 2,
    "out_dim": 64, "head_hidden_dim": 64, "head_bottleneck_dim": 32,
    "warmup_epochs": 1, "knn_every_epochs": 4, "knn_images": 16,
    "stats_every_steps": 4, "save_every_steps": 2,
    "num_workers": 1, "num_threads": 1, "peer_timeout_s": 60,
}
ARTICLE = {
    "metadata_dir": "/opt/ml/input/data/metadata",
    "data_dir": "/opt/ml/input/data/train",
    "output_dir": "/opt/ml/output/data",
    "checkpoint_dir": "/opt/ml/checkpoints",
    "sagemaker_program": "main_dino.py",
    "sagemaker_submit_directory": "s3://bucket/job/source/sourcedir.tar.gz",
    "sagemaker_distributed_dataparallel_enabled": True,
    "sagemaker_instance_type": "ml.p3.16xlarge",
    "sagemaker_region": "eu-central-1",
}


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def children_of(pid):
    """The processes that `pid` has started, and those that they have."""
    path = pathlib.Path(f"/proc/{pid}/task/{pid}/children")
    own = [int(word) for word in path.read_text().split()]
    return own + [below for child in own for below in children_of(child)]


def cpu_seconds(pid):
    """What the processes that `pid` has started have used so far."""
    ticks = 0
    for child in children_of(pid):
        fields = pathlib.Path(f"/proc/{child}/stat").read_text().split()
        ticks += int(fields[13]) + int(fields[14])
    return ticks / os.sysconf("SC_CLK_TCK")


class Container:
    """One host's tree, and the program in it."""
    started = []

    def __init__(self, folder, channels, hyperparameters, encode=json.dumps,
                 hosts=("algo-1",), host="algo-1", pipes=()):
        self.base = folder
        config = folder / "input/config"
        config.mkdir(parents=True)
        for part in ("model", "output/data", "checkpoints", "input/data"):
            (folder / part).mkdir(parents=True)
        (config / "hyperparameters.json").write_text(json.dumps(
            {key: encode(value) for key, value in hyperparameters.items()}))
        (config / "resourceconfig.json").write_text(json.dumps(
            {"current_host": host, "hosts": list(hosts),
             "current_instance_type": "ml.p3.16xlarge",
             "network_interface_name": "lo"}))
        (config / "inputdataconfig.json").write_text(json.dumps(
            {name: {"TrainingInputMode": "Pipe" if name in pipes else "File",
                    "RecordWrapperType": "None",
                    "S3DistributionType": "FullyReplicated"}
             for name in channels}))
        for name, source in channels.items():
            if name in pipes:
                self.feed(folder / f"input/data/{name}_0", source)
            else:
                (folder / "input/data" / name).symlink_to(source)

    def feed(self, pipe, data):
        """The platform's part: bytes through a pipe, once it is read; None
        is a writer that never comes."""
        os.mkfifo(pipe)
        if data is None:
            return

        def write():
            with pipe.open("wb") as stream:
                stream.write(data)

        threading.Thread(target=write, daemon=True).start()

    def start(self, words=("train",), program=None, **variables):
        self.log = self.base / "log"
        environment = {
            **{key: value for key, value in os.environ.items()
               if not key.startswith(("SM_", "TORCHELASTIC_"))},
            "SAGEMAKER_BASE_DIR": str(self.base),
            "TRAINING_JOB_NAME": "test-job", "SM_NUM_GPUS": "0",
            "OMP_NUM_THREADS": "1", **variables}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [program or NADIR, *words], stdout=log, stderr=log,
                env=environment)
        Container.started.append(self.process)
        return self

    def wait(self, seconds=120):
        return self.process.wait(seconds)

    def text(self):
        return self.log.read_text(errors="replace")

    def failure(self):
        path = self.base / "output/failure"
        return path.read_text() if path.exists() else None

    @property
    def run(self):
        return self.base / "checkpoints/run"


class ContractTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        world = cls.folder / "world"
        source = world / "BigEarthNet-v1.0"
        cls.metadata = cls.folder / "metadata"
        cls.metadata.mkdir()
        for words in (
            ["data", "synth", world, "--patches", "48", "--seed", "3"],
            ["data", "index", source, "--lists", world / "lists",
             "--keep-discouraged", "--out",
             cls.metadata / "final_ben_s2.parquet"],
        ):
            subprocess.run([NADIR, *words], check=True, capture_output=True)
        # The article's copy: three bands of each patch, and no labels.
        cls.images = cls.folder / "data_rgb"
        for patch in source.iterdir():
            for band in ("B02", "B03", "B04"):
                name = f"{patch.name}_{band}.tif"
                (cls.images / patch.name).mkdir(parents=True, exist_ok=True)
                shutil.copy(patch / name, cls.images / patch.name / name)
        cls.archive = cls.folder / "archive"
        cls.archive.mkdir()
        subprocess.run(["tar", "-C", cls.folder, "-cf",
                        cls.archive / "ben.tar", "data_rgb"], check=True)
        cls.finished = cls.container(
            "finished", {**PRETRAIN, **ARTICLE}).start()
        assert cls.finished.wait() == 0, cls.finished.text()

    @classmethod
    def container(cls, name, hyperparameters, channels=None, **settings):
        if channels is None:
            channels = {"train": cls.images, "metadata": cls.metadata}
        return Container(cls.folder / name, channels, hyperparameters,
                         **settings)

    def tearDown(self):
        for process in Container.started:  # of a test that failed
            if process.poll() is None:
                process.kill()
                process.wait()
        Container.started.clear()

    def expect_end(self, container, status, seconds=120):
        self.assertEqual(container.wait(seconds), status, container.text())

    def expect_model(self, container):
        model = container.base / "model"
        self.assertEqual(
            sorted(path.name for path in model.iterdir()),
            ["config.json", "model.safetensors"])
        config = json.loads((model / "config.json").read_text())
        self.assertEqual(config["architecture"], "vit_nano")
        self.assertEqual(len(config["bands"]), 3)

    def test_the_articles_pretraining_runs_as_it_is(self):
        done = self.finished
        self.assertEqual(len(losses(done.run)), NUM_STEPS)
        self.expect_model(done)
        self.assertIsNone(done.failure())
        output = done.base / "output/data"
        for name in ("metrics.jsonl", "config.toml", "report.html",
                     "status.json", "pictures/views.png"):
            self.assertTrue((output / name).is_file(), name)
        self.assertIn("SMDDP", done.text())
        line = done.text().splitlines()
        self.assertEqual(
            sum(text.startswith("nadir pretrain --data=") for text in line), 1)

    def test_the_metric_definitions_match_the_log(self):
        log = self.finished.text()
        printed = subprocess.run(
            [NADIR, "train", "--metric-definitions"], check=True,
            capture_output=True, text=True).stdout
        definitions = {one["Name"]: one["Regex"] for one in json.loads(printed)}
        self.assertIn("train:loss", definitions)
        for name, regex in definitions.items():
            # The classifier's job has the one, hosts with a GPU the others.
            if name != "eval:linear" and not name.startswith("train:gpu_"):
                found = re.findall(regex, log)
                self.assertTrue(found, f"{name} is not in the log:\n{log}")
                float(found[-1])
        last = losses(self.finished.run)[NUM_STEPS]
        found = re.findall(definitions["train:loss"], log)
        self.assertAlmostEqual(float(found[-1]), last, places=4)

    def test_a_stop_leaves_a_model_and_a_restart_goes_on(self):
        job = self.container("spot", {**PRETRAIN, **ARTICLE}, encode=str)
        job.start()
        wait_until(lambda: len(losses(job.run)) >= 5, 60, "steps")
        job.process.terminate()
        begin = time.monotonic()
        self.expect_end(job, 0)
        self.assertLess(time.monotonic() - begin, 105)
        self.expect_model(job)
        self.assertIsNone(job.failure())
        done = len(losses(job.run))
        self.assertLess(done, NUM_STEPS)
        # A new instance: the platform brings back the checkpoints alone, and
        # what it found half written.
        again = self.container("spot-again", {**PRETRAIN, **ARTICLE})
        shutil.rmtree(again.base / "checkpoints")
        shutil.copytree(job.base / "checkpoints", again.base / "checkpoints")
        checkpoints = again.run / "checkpoints"
        half = checkpoints / ".step-00000099.new"
        half.mkdir()
        (half / "state.safetensors").write_bytes(b"half")
        (checkpoints / "latest.sagemaker-uploaded").write_text("")
        again.start()
        self.expect_end(again, 0)
        self.assertIn("going on from", again.text())
        self.assertEqual(losses(again.run), losses(self.finished.run))
        self.assertFalse(half.exists())

    def test_a_damaged_last_checkpoint_is_passed_over(self):
        job = self.container("damaged", {**PRETRAIN, **ARTICLE})
        shutil.rmtree(job.base / "checkpoints")
        shutil.copytree(
            self.finished.base / "checkpoints", job.base / "checkpoints")
        checkpoints = job.run / "checkpoints"
        last = checkpoints / (checkpoints / "latest").read_text().strip()
        with (last / "state.safetensors").open("r+b") as state:
            state.truncate(1000)
        job.start()
        self.expect_end(job, 0)
        self.assertEqual(losses(job.run), losses(self.finished.run))

    def test_the_articles_classifier_runs_from_its_checkpoint(self):
        job = self.container(
            "linear",
            {**ARTICLE, "sagemaker_program": "eval_linear.py",
             "arch": "vit_nano",
             "pretrained_weights":
                 "/opt/ml/input/data/dino_checkpoint/checkpoint.pth",
             "epochs": 2, "num_labels": 19, "num_workers": 1, "bootstrap": 0,
             "lr": [0.1, 1]},
            {"dataset": self.images, "metadata": self.metadata,
             "dino_checkpoint": self.finished.base / "checkpoints"})
        job.start()
        self.expect_end(job, 0)
        self.assertIn("taking the images of channel 'dataset'", job.text())
        self.assertRegex(job.text(), r"eval_linear=[0-9.]+")
        self.assertTrue((job.base / "output/data/linear.json").is_file())
        # The model folder is enough, wherever it is.
        model = self.folder / "moved-model"
        shutil.move(job.base / "model", model)
        shutil.rmtree(job.base / "checkpoints")
        out = self.folder / "labels.csv"
        done = subprocess.run(
            [NADIR, "predict", "--probe", model, "--data", self.images,
             "--out", out, "--num-workers", "1"],
            capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(out.read_text().splitlines()), 49)
        self.predict_from_an_archive(model)

    def predict_from_an_archive(self, model):
        channel = self.folder / "model-channel"
        channel.mkdir()
        subprocess.run(["tar", "-C", model, "-czf", channel / "model.tar.gz",
                        "."], check=True)
        job = self.container(
            "predict", {"nadir_command": "predict", "num_workers": 1},
            {"dataset": self.images, "checkpoint": channel})
        job.start()
        self.expect_end(job, 0)
        self.assertTrue(
            (job.base / "output/data/predictions.parquet").is_file())

    def test_processes_of_a_host_share_an_evaluation(self):
        job = self.container(
            "knn", {"nadir_command": "knn", "num_workers": 1, "k": [5],
                    "bootstrap": 0},
            {"train": self.images, "metadata": self.metadata,
             "checkpoint": self.finished.base / "checkpoints"})
        job.start(SM_NUM_GPUS="2")
        self.expect_end(job, 0)
        self.assertIn("nadir launch -- eval knn", job.text())
        self.assertRegex(job.text(), r"eval_knn=[0-9.]+")
        self.assertTrue((job.base / "output/data/knn.json").is_file())

    def test_images_may_come_as_an_archive(self):
        job = self.container(
            "packed",
            {**PRETRAIN, "stop_after_steps": 2, "knn_every_epochs": 0,
             "bands": ["B04", "B03", "B02"]},
            {"train": self.archive, "metadata": self.metadata})
        job.start()
        self.expect_end(job, 0)
        self.assertIn("nadir data pack", job.text())
        self.expect_model(job)

    def dataset_info(self, folder):
        done = subprocess.run([NADIR, "data", "info", folder, "--json"],
                              check=True, capture_output=True, text=True)
        return json.loads(done.stdout)

    def zipped_archive(self):
        return gzip.compress((self.archive / "ben.tar").read_bytes(), 1)

    def test_an_archive_may_come_through_a_pipe(self):
        index = next(self.metadata.iterdir()).read_bytes()
        hyperparameters = {"nadir_command": "pack",
                           "bands": ["B04", "B03", "B02"]}
        by_pipe = self.container(
            "pack-pipe", hyperparameters,
            {"train": self.zipped_archive(), "metadata": index},
            pipes=("train", "metadata"))
        by_pipe.start()
        self.expect_end(by_pipe, 0)
        by_file = self.container(
            "pack-file", hyperparameters,
            {"train": self.archive, "metadata": self.metadata})
        by_file.start()
        self.expect_end(by_file, 0)
        infos = [self.dataset_info(job.base / "output/data/dataset")
                 for job in (by_pipe, by_file)]
        self.assertEqual(infos[0]["images"]["all"], 48)
        for what in ("images", "bands", "class_names", "first_image"):
            self.assertEqual(infos[0][what], infos[1][what], what)

    def test_training_takes_a_pipe_too(self):
        job = self.container(
            "train-pipe",
            {**PRETRAIN, "stop_after_steps": 2, "knn_every_epochs": 0,
             "bands": ["B04", "B03", "B02"]},
            {"train": self.zipped_archive(), "metadata": self.metadata},
            pipes=("train",))
        job.start()
        self.expect_end(job, 0)
        self.expect_model(job)

    def test_a_pipe_whose_writer_dies_is_told(self):
        data = self.zipped_archive()
        job = self.container(
            "cut-pipe", {"nadir_command": "pack",
                         "bands": ["B04", "B03", "B02"]},
            {"train": data[:len(data) // 2], "metadata": self.metadata},
            pipes=("train",))
        job.start()
        self.expect_end(job, 3)
        self.assertIn("ends early", job.failure())
        self.assertRegex(
            job.failure(),
            "channel train, of which .* came through its pipe")

    def test_a_stop_ends_the_wait_for_a_pipe(self):
        job = self.container(
            "dry-pipe", {"nadir_command": "pack"},
            {"train": None, "metadata": self.metadata}, pipes=("train",))
        job.start()
        wait_until(lambda: "nadir data pack" in job.text(), 30, "the plan")
        time.sleep(0.3)
        job.process.terminate()
        self.expect_end(job, 143, 10)
        self.assertIn("stopped by signal 15", job.failure())

    def test_another_networks_weights_are_refused(self):
        job = self.container(
            "other-arch",
            {"nadir_command": "linear", "arch": "vit_base"},
            {"train": self.images, "metadata": self.metadata,
             "checkpoint": self.finished.base / "checkpoints"})
        job.start()
        self.expect_end(job, 2)
        self.assertIn("arch is vit_base", job.failure())

    def test_a_missing_channel_is_named(self):
        job = self.container("channel", PRETRAIN, {"metadata": self.metadata})
        job.start()
        self.expect_end(job, 2)
        self.assertIn("its channels: metadata", job.failure())
        self.assertEqual(list((job.base / "checkpoints").iterdir()), [])

    def test_unknown_hyperparameters_and_bad_values_are_refused(self):
        for name, bad, reason in (
                ("unknown", {"epohcs": 3}, "did you mean 'epochs'?"),
                ("value", {"epochs": "many"}, "epochs"),
                ("arch", {"arch": "vit_smal"}, "vit_small"),
                ("command", {"nadir_command": "dance"}, "dance")):
            job = self.container(name, {**PRETRAIN, **bad}).start()
            self.expect_end(job, 2)
            self.assertIn(reason, job.failure())
            self.assertLessEqual(len(job.failure().encode()), 1024)
            self.assertEqual(list((job.base / "model").iterdir()), [])

    def test_a_failure_that_is_there_stays(self):
        job = self.container("earlier", {"epohcs": 3})
        (job.base / "output/failure").write_text("earlier")
        job.start()
        self.expect_end(job, 2)
        self.assertEqual(job.failure(), "earlier")

    def test_broken_files_of_the_platform_are_named(self):
        for name in ("hyperparameters", "resourceconfig", "inputdataconfig"):
            job = self.container("broken-" + name, PRETRAIN)
            path = job.base / f"input/config/{name}.json"
            path.write_text('{"a"')
            job.start()
            self.expect_end(job, 3)
            self.assertIn(f"{name}.json", job.failure())

    def test_a_killed_child_is_a_failure(self):
        job = self.container("killed", {**PRETRAIN, "epochs": 4000}).start()
        wait_until(lambda: len(losses(job.run)) >= 2, 60, "steps")
        os.kill(children_of(job.process.pid)[0], signal.SIGKILL)
        self.expect_end(job, 137)
        self.assertIn("killed by signal 9", job.failure())
        self.assertTrue((job.base / "output/data/metrics.jsonl").is_file())

    def test_a_killed_rank_is_named(self):
        job = self.container(
            "killed-rank", {**PRETRAIN, "epochs": 4000,
                            "batch_size_per_gpu": 4})
        job.start(SM_NUM_GPUS="2")
        wait_until(lambda: len(losses(job.run)) >= 2, 60, "steps")
        ranks = [pid for pid in children_of(job.process.pid)
                 if b"\0LOCAL_RANK=1\0" in
                 pathlib.Path(f"/proc/{pid}/environ").read_bytes()]
        self.assertEqual(len(ranks), 1)
        os.kill(ranks[0], signal.SIGKILL)
        self.expect_end(job, 4)
        self.assertRegex(job.failure(), "rank 1 of 2 .* signal 9")

    def test_two_hosts_train_together(self):
        hosts = ("127.0.0.1", "127.0.0.2")
        port = str(free_port())
        jobs = [
            self.container(
                f"host-{host}", {**PRETRAIN, **ARTICLE,
                                 "batch_size_per_gpu": 4},
                hosts=hosts, host=host).start(MASTER_PORT=port)
            for host in hosts]
        for job in jobs:
            self.expect_end(job, 0)
        first, second = jobs
        self.expect_model(first)
        self.assertEqual(list((second.base / "model").iterdir()), [])
        self.assertEqual(list((second.base / "checkpoints").iterdir()), [])
        self.assertTrue(
            (first.base / "output/data/127.0.0.1/report.html").is_file())
        got, expected = losses(first.run), losses(self.finished.run)
        self.assertEqual(sorted(got), sorted(expected))
        for step, loss in got.items():
            self.assertAlmostEqual(loss, expected[step], delta=1e-3)

    def test_two_hosts_share_a_classifier(self):
        hosts = ("127.0.0.1", "127.0.0.2")
        port = str(free_port())
        jobs = [
            self.container(
                f"linear-{host}",
                {"nadir_command": "linear", "epochs": 1, "lr": 1,
                 "num_workers": 1, "bootstrap": 0, "baselines": False},
                {"train": self.images, "metadata": self.metadata,
                 "checkpoint": self.finished.base / "checkpoints"},
                hosts=hosts, host=host).start(MASTER_PORT=port)
            for host in hosts]
        for job in jobs:
            self.expect_end(job, 0)
        self.assertTrue((jobs[0].base / "model/probe.json").is_file())
        self.assertEqual(list((jobs[1].base / "model").iterdir()), [])

    def test_two_hosts_stop_together(self):
        hosts = ("127.0.0.1", "127.0.0.2")
        port = str(free_port())
        jobs = [
            self.container(
                f"stop-{host}", {**PRETRAIN, "epochs": 4000,
                                 "batch_size_per_gpu": 4},
                hosts=hosts, host=host).start(MASTER_PORT=port)
            for host in hosts]
        wait_until(lambda: len(losses(jobs[0].run)) >= 3, 60, "steps")
        for job in jobs:
            job.process.terminate()
        for job in jobs:
            self.expect_end(job, 0)
        self.expect_model(jobs[0])

    def linear_job(self, name, **hyperparameters):
        return self.container(
            name,
            {"nadir_command": "linear", "num_workers": 1, "bootstrap": 0,
             "baselines": False, "lr": 1, **hyperparameters},
            {"train": self.images, "metadata": self.metadata,
             "checkpoint": self.finished.base / "checkpoints"})

    def expect_quick_stop(self, job):
        job.process.terminate()
        begin = time.monotonic()
        self.expect_end(job, 143, 30)
        self.assertLess(time.monotonic() - begin, 5)
        self.assertIn("stopped by signal 15", job.failure())
        self.assertEqual(list((job.base / "model").iterdir()), [])

    def test_a_classifier_stops_while_it_makes_features(self):
        job = self.linear_job(
            "stop-features", train_views=3000, feature_batch_size=1)
        job.start()
        wait_until(lambda: cpu_seconds(job.process.pid) > 4, 60, "its work")
        self.expect_quick_stop(job)
        self.assertIn("features made so far are not kept", job.text())
        work = job.base / "checkpoints/linear"
        self.assertEqual([p for p in work.rglob("*") if p.is_file()], [])

    def test_a_classifier_stops_while_it_trains_probes(self):
        job = self.linear_job("stop-probe", epochs=1000000)
        job.start()
        work = job.base / "checkpoints/linear"
        features = work / "features"
        wait_until(lambda: len(list(features.glob("*.safetensors"))) == 3, 60,
                   "features of three splits")
        time.sleep(1)
        self.expect_quick_stop(job)
        self.assertIn("probes trained so far are not kept", job.text())
        # The features are whole and stay; there is nothing else.
        self.assertEqual(
            {p.suffix for p in work.rglob("*") if p.is_file()},
            {".safetensors"})
        self.assertEqual(len(list(features.iterdir())), 3)

    def test_a_stopped_classifier_does_not_pass_an_old_probe_off(self):
        job = self.linear_job("stopped-linear", epochs=1000000)
        old = job.base / "checkpoints/linear"
        (old / "linear").mkdir(parents=True)
        (old / "linear/probe.json").write_text("{}")
        (old / "linear.json").write_text("{}")
        job.start()
        wait_until(lambda: children_of(job.process.pid), 30, "a child")
        self.assertFalse((old / "linear.json").exists())
        self.expect_quick_stop(job)

    def test_a_stop_before_the_first_checkpoint_is_told(self):
        job = self.container("early", {**PRETRAIN, "epochs": 4000})
        job.start()
        wait_until(lambda: children_of(job.process.pid), 30, "a child")
        job.process.terminate()
        status = job.wait()
        if status != 0:  # it had not begun to train
            self.assertEqual(status, 143, job.text())
            self.assertIn("stopped by signal 15", job.failure())
        else:
            self.expect_model(job)

    def test_the_program_may_be_called_train(self):
        for name, make in (("link", os.symlink), ("copy", shutil.copy)):
            folder = self.folder / name
            folder.mkdir()
            program = folder / "train"
            make(NADIR, program)
            job = self.container("called-" + name, {
                **PRETRAIN, "stop_after_steps": 1, "knn_every_epochs": 0})
            job.start((), program=str(program))
            self.expect_end(job, 0)
            self.expect_model(job)

    def test_a_dry_run_writes_nothing(self):
        job = self.container("dry", PRETRAIN).start(("train", "--dry-run"))
        self.expect_end(job, 0)
        self.assertIn("nadir pretrain --data=", job.text())
        for part in ("model", "output/data", "checkpoints"):
            self.assertEqual(list((job.base / part).iterdir()), [])

    def test_outside_a_container_it_says_so(self):
        done = subprocess.run(
            [NADIR, "train"], capture_output=True, text=True,
            env={**os.environ, "SAGEMAKER_BASE_DIR": str(self.folder / "no")})
        self.assertEqual(done.returncode, 2)
        self.assertIn("SAGEMAKER_BASE_DIR", done.stderr)
        self.assertFalse((self.folder / "no").exists())


if __name__ == "__main__":
    NADIR = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
