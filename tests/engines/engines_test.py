"""Pretraining of 20 steps under real launchers: torchrun, Open MPI, and Slurm
with two nodes on this host. Each has the losses of one process.

    engines_test.py NADIR TORCHRUN [TEST ...]

Needs root for Slurm; a launcher that is not installed is a skipped test.
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import unittest

from tiny_runs import TinyRuns, losses, wait_until

TORCHRUN = ""
LONG_EPOCHS = 270
SLURM_CONF = """ClusterName=ci
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort=16817
AuthType=auth/munge
AuthInfo=cred_expire=5
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmctldPidFile={folder}/run/slurmctld.pid
SlurmctldLogFile={folder}/log/slurmctld.log
SlurmdPidFile={folder}/run/slurmd-%n.pid
SlurmdSpoolDir={folder}/spool/%n
SlurmdLogFile={folder}/log/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=3,sched_interval=3
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
ReturnToService=2
SlurmctldTimeout=30
SlurmdTimeout=30
KillWait=5
NodeName=n1 NodeHostname=localhost NodeAddr=127.0.0.1 Port=17001 CPUs=2
NodeName=n2 NodeHostname=localhost NodeAddr=127.0.0.1 Port=17002 CPUs=2
PartitionName=debug Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
"""


class Engines(TinyRuns):
    def test_torchrun(self):
        self.need(TORCHRUN)
        run = self.folder / "torchrun"
        done = self.run_checked(
            [TORCHRUN, "--no-python", "--nproc-per-node", "2",
             "--rdzv-backend", "c10d", "--rdzv-endpoint", "localhost:0",
             *self.pretrain(run, 4)])
        self.assertIn("torchrun: rank 0 of 2", done.stderr)
        self.expect_the_losses_of_one_process(run)

    def test_torchrun_starts_again(self):
        self.need(TORCHRUN)
        run = self.folder / "torchrun-again"
        words = [TORCHRUN, "--no-python", "--nproc-per-node", "2",
                 "--max-restarts", "1",
                 *self.pretrain(run, 4, "--resume", "auto",
                                "--save-every-steps", "2")]
        process = subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        wait_until(lambda: len(losses(run)) >= 5, 120, "five steps")
        ranks = subprocess.run(
            ["pgrep", "-P", str(process.pid), "-f", "pretrain"],
            capture_output=True, text=True, check=True).stdout.split()
        os.kill(int(ranks[-1]), signal.SIGKILL)
        output, _ = process.communicate(timeout=300)
        self.assertEqual(process.returncode, 0, output)
        self.expect_the_losses_of_one_process(run)

    def test_torchrun_shows_why_a_process_failed(self):
        self.need(TORCHRUN)
        done = subprocess.run(
            [TORCHRUN, "--no-python", "--nproc-per-node", "2",
             *self.pretrain(self.folder / "failing", 4, "--out-dim", "0")],
            capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 1)
        summary = done.stderr.partition("Root Cause")[2]
        self.assertIn("exitcode  : 2", summary)
        self.assertIn("out_dim", summary)

    def test_open_mpi(self):
        self.need("mpirun")
        run = self.folder / "mpi"
        done = self.run_checked(
            ["mpirun", "--allow-run-as-root", "--oversubscribe", "-np", "2",
             *self.pretrain(run, 4)])
        self.assertIn("Open MPI: rank 0 of 2", done.stderr)
        self.expect_the_losses_of_one_process(run)


class Slurm(Engines):
    """The same on two nodes of a Slurm of this test's own."""

    test_torchrun = test_torchrun_starts_again = test_open_mpi = None
    test_torchrun_shows_why_a_process_failed = None

    @classmethod
    def setUpClass(cls):
        if os.geteuid() != 0 or shutil.which("slurmctld") is None:
            raise unittest.SkipTest(
                "Slurm needs root and slurm-wlm (scripts/setup.sh --engines)")
        super().setUpClass()
        folder = cls.folder / "slurm"
        for name in ("state", "spool/n1", "spool/n2", "log", "run"):
            (folder / name).mkdir(parents=True)
        conf = folder / "slurm.conf"
        conf.write_text(SLURM_CONF.format(folder=folder))
        # None are used, but slurmd looks for them, and may find none.
        (folder / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\n")
        os.environ["SLURM_CONF"] = str(conf)
        os.makedirs("/run/munge", exist_ok=True)
        shutil.chown("/run/munge", "munge", "munge")
        subprocess.run(
            ["runuser", "-u", "munge", "--", "/usr/sbin/munged", "--force"],
            check=True)
        subprocess.run(["slurmctld", "-f", conf], check=True)
        time.sleep(1)
        cls.addClassCleanup(cls.stop, folder)
        for node in ("n1", "n2"):
            started = subprocess.run(["slurmd", "-f", conf, "-N", node])
            if started.returncode != 0:
                log = (folder / "log" / f"slurmd-{node}.log").read_text()
                raise unittest.SkipTest(f"slurmd does not start here: {log}")

        def is_idle():
            state = subprocess.run(
                ["sinfo", "-h", "-o", "%T %D"], capture_output=True, text=True)
            return state.stdout.strip() == "idle 2"

        wait_until(is_idle, 60, "two idle nodes")

    @classmethod
    def stop(cls, folder):
        # What a failed test left running would outlive its Slurm.
        subprocess.run(["scancel", "--user", "root"])
        wait_until(
            lambda: not subprocess.run(
                ["squeue", "-h"], capture_output=True).stdout, 60,
            "the end of all jobs")
        files = [*sorted((folder / "run").glob("*.pid")),
                 pathlib.Path("/run/munge/munged.pid")]
        for file in files:
            if file.exists():
                os.kill(int(file.read_text()), signal.SIGTERM)
        time.sleep(1)

    def test_srun_on_two_nodes(self):
        run = self.folder / "srun"
        # The names n1 and n2 are Slurm's alone: nobody can resolve them.
        environment = os.environ | {"MASTER_ADDR": "127.0.0.1"}
        done = self.run_checked(
            ["srun", "-N2", "-n4", "--ntasks-per-node=2",
             "--kill-on-bad-exit=1", *self.pretrain(run, 2)], env=environment)
        self.assertIn("Slurm: rank 0 of 4", done.stderr)
        self.expect_the_losses_of_one_process(run)

    def test_a_requeued_job_goes_on(self):
        run = self.folder / "requeued"
        script = self.folder / "job.sh"
        command = " ".join(
            self.pretrain(run, 4, "--resume", "auto", "--save-every-steps", "2"))
        script.write_text(
            "#!/bin/sh\nexport MASTER_ADDR=127.0.0.1\n"
            "echo restarts ${SLURM_RESTART_COUNT:-0}\n"
            f"srun --kill-on-bad-exit=1 {command}\n")
        log = self.folder / "job.log"
        job = self.run_checked(
            ["sbatch", "--parsable", "--requeue", "-N2", "-n2",
             "--ntasks-per-node=1", "--open-mode=append", "-o", log,
             script]).stdout.strip()
        wait_until(lambda: len(losses(run)) >= 5, 120, "five steps")
        self.run_checked(["scontrol", "requeue", job])
        text = self.log_of_finished(job, log)
        self.assertIn("restarts 0", text)
        self.assertIn("restarts 1", text)
        self.expect_the_losses_of_one_process(run)

    def log_of_finished(self, job, log):
        """The job's log, once it has completed."""

        def state():
            shown = subprocess.run(
                ["scontrol", "show", "job", job], capture_output=True,
                text=True).stdout
            return shown.split("JobState=")[1].split()[0]

        # Slurm holds a requeued job back for a while after its kill.
        wait_until(
            lambda: state() in ("COMPLETED", "FAILED", "TIMEOUT"), 240,
            "the job's end")
        text = log.read_text()
        self.assertEqual(state(), "COMPLETED", text)
        return text

    def submit(self, name, run_flags, *launch_flags):
        """Submits a run of two processes on two nodes. The job's number, its
        log, and process 1's."""
        logs = self.folder / f"{name} logs"
        done = self.run_checked(
            [self.nadir, "launch", "--engine", "slurm", "--nnodes", "2",
             "--job-name", name, "--log-dir", logs,
             "--master-addr", "127.0.0.1", *launch_flags, "--",
             *self.pretrain(self.folder / name, 4, *run_flags)[1:]])
        job = done.stdout.split("submitted job ")[1].split()[0]
        self.assertIn(f"scancel {job}", done.stdout)
        return job, logs / f"job-{job}.log", logs / "rank-1.log"

    def test_a_launched_job_goes_on_after_a_requeue(self):
        run = self.folder / "launched"
        job, log, rank_log = self.submit(
            "launched", ["--save-every-steps", "2"])
        wait_until(lambda: len(losses(run)) >= 5, 120, "five steps")
        self.run_checked(["scontrol", "requeue", job])
        self.log_of_finished(job, log)
        self.assertIn("going on from", (rank_log.parent / "rank-0.log")
                      .read_text())
        self.expect_the_losses_of_one_process(run)

    def test_a_launched_job_goes_on_after_its_time_limit(self):
        run = self.folder / "limited"
        # Slurm looks at time limits twice a minute: 30 s of steps or more.
        job, log, _ = self.submit(
            "limited",
            ["--stop-after-steps", "0", "--epochs", str(LONG_EPOCHS)],
            "--time", "1", "--stop-lead-s", "55")
        saved = "saved before the time limit, restart 1 of 100"
        wait_until(
            lambda: log.exists() and saved in log.read_text(), 120, saved)
        self.run_checked(
            ["scontrol", "update", f"JobId={job}", "TimeLimit=10"])
        self.log_of_finished(job, log)
        status = json.loads((run / "status.json").read_text())
        self.assertEqual(status["state"], "finished")
        self.assertEqual(sorted(losses(run)),
                         list(range(1, 3 * LONG_EPOCHS + 1)))

    def test_what_sbatch_refuses_leaves_nothing(self):
        logs = self.folder / "refused logs"
        done = subprocess.run(
            [self.nadir, "launch", "--engine", "slurm", "--partition", "nowhere",
             "--log-dir", logs, "--",
             *self.pretrain(self.folder / "refused", 4)[1:]],
            capture_output=True, text=True)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("sbatch refuses the job", done.stderr)
        self.assertIn("nvalid partition", done.stderr)
        self.assertFalse(logs.exists())


if __name__ == "__main__":
    TinyRuns.nadir, TORCHRUN = sys.argv[1:3]
    sys.exit(unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=2))
