"""What becomes of a run of several processes that loses a process, a host, its
disk or its network. Real processes; root for the disk and the network.

    faults_test.py NADIR [TEST ...]
"""
import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
import unittest

from tiny_runs import TinyRuns, losses, wait_until

TIMEOUT_S = 5  # --peer-timeout-s of the tests
END_S = 60  # in which a run must have ended; most of it is a busy machine
SAVE = ("--save-every-steps", "2")


def ranks_of(run):
    """The processes of a run: rank to process number."""
    ranks = {}
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (folder / "cmdline").read_bytes().split(b"\0")
            variables = (folder / "environ").read_bytes().split(b"\0")
            rank = [v[5:] for v in variables if v.startswith(b"RANK=")]
            if rank and str(run).encode() in words and b"launch" not in words:
                ranks[int(rank[0])] = int(folder.name)
    return ranks


def free_port():
    with socket.socket() as listener:
        listener.bind(("", 0))
        return listener.getsockname()[1]


class Job:
    """A command in the background, and what it said."""

    def __init__(self, words, **settings):
        self.process = subprocess.Popen(
            [str(word) for word in words], stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, **settings)

    def end(self):
        """Its exit status and its words."""
        try:
            output, _ = self.process.communicate(timeout=END_S)
        except subprocess.TimeoutExpired:
            self.process.terminate()
            output, _ = self.process.communicate(timeout=END_S)
            raise AssertionError(f"it has not ended after {END_S} s: {output}")
        return self.process.returncode, output


class Faults(TinyRuns):
    def run_to_the_middle(self, run, jobs):
        """Waits for five steps and holds the run there: rank 0 stands still."""
        wait_until(lambda: len(losses(run)) >= 5, 120, "five steps")
        ranks = ranks_of(run)
        os.kill(ranks[0], signal.SIGSTOP)
        for job in jobs:
            self.assertIsNone(job.process.poll(), "it ended too early")
        return ranks

    def expect_lost(self, job, *words):
        status, output = job.end()
        self.assertEqual(status, 4, output)
        for word in words:
            self.assertIn(word, output)

    def expect_whole_checkpoints(self, run):
        folders = list((run / "checkpoints").glob("step-*"))
        self.assertGreater(len(folders), 0)
        for folder in folders:
            self.assertTrue((folder / "manifest.json").exists(), folder)

    def go_on(self, run):
        self.run_checked(self.launch(
            ["--nproc-per-node", "2"], run, 4, "--resume", "auto"))
        self.expect_the_losses_of_one_process(run)

    def test_a_slow_rank_is_waited_for(self):
        run = self.folder / "slow"
        job = Job(self.launch(["--nproc-per-node", "2"], run, 4,
                              "--peer-timeout-s", "30"))
        self.run_to_the_middle(run, [job])
        time.sleep(3)
        os.kill(ranks_of(run)[0], signal.SIGCONT)
        status, output = job.end()
        self.assertEqual(status, 0, output)
        self.expect_the_losses_of_one_process(run)

    def test_a_hanging_rank_is_lost_after_the_timeout(self):
        run = self.folder / "hanging"
        job = Job(self.launch(["--nproc-per-node", "2"], run, 4, *SAVE,
                              "--peer-timeout-s", TIMEOUT_S))
        self.run_to_the_middle(run, [job])
        begin = time.monotonic()
        self.expect_lost(job, "rank 1 of 2 on", "a peer is lost or late")
        self.assertLess(time.monotonic() - begin, TIMEOUT_S + 30)
        self.expect_whole_checkpoints(run)
        self.go_on(run)

    def test_a_full_disk(self):
        disk = self.folder / "disk"
        disk.mkdir()
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=150m", "tmpfs", disk],
            capture_output=True, text=True)
        if mounted.returncode != 0:
            self.skipTest(f"no file system may be mounted: {mounted.stderr}")
        try:
            run = disk / "run"
            job = Job(self.launch(["--nproc-per-node", "2"], run, 4, *SAVE))
            ranks = self.run_to_the_middle(run, [job])
            filler = disk / "filler"
            with contextlib.suppress(OSError), filler.open("wb", 0) as file:
                while True:
                    file.write(bytes(4096))
            os.kill(ranks[0], signal.SIGCONT)
            self.expect_lost(job, "rank 0 of 2 on", "No space left on device")
            self.expect_whole_checkpoints(run)
            filler.unlink()
            self.go_on(run)
        finally:
            subprocess.run(["umount", disk], check=True)

    def test_a_time_limit_by_sigusr1(self):
        run = self.folder / "limit"
        job = Job(self.launch(["--nproc-per-node", "2"], run, 4))
        ranks = self.run_to_the_middle(run, [job])
        os.kill(job.process.pid, signal.SIGUSR1)
        os.kill(ranks[0], signal.SIGCONT)
        status, output = job.end()
        self.assertEqual(status, 128 + signal.SIGUSR1, output)
        self.go_on(run)

    def hosts(self, count, run, flags, *more):
        """`count` launchers as `count` hosts, one process each."""
        port = str(free_port())
        return [
            Job(self.launch(
                ["--nnodes", count, "--node-rank", host, *flags,
                 "--master-addr", "localhost", "--master-port", port],
                run if host == 0 else f"{run}-{host}", 8 // count, *more))
            for host in range(count)]

    def test_a_lost_master(self):
        run = self.folder / "master"
        jobs = self.hosts(2, run, [], *SAVE)
        ranks = self.run_to_the_middle(run, jobs)
        jobs[0].process.kill()  # the host is gone with all it ran
        os.kill(ranks[0], signal.SIGKILL)
        self.expect_lost(jobs[1], "rank 1 of 2 on", "a peer is lost or late")
        jobs[0].process.communicate()
        self.expect_whole_checkpoints(run)
        self.go_on(run)

    def test_all_hosts_start_again_when_one_lost_its_process(self):
        run = self.folder / "again"
        jobs = self.hosts(2, run, ["--max-restarts", "1"], *SAVE)
        self.run_to_the_middle(run, jobs)
        os.kill(ranks_of(f"{run}-1")[1], signal.SIGKILL)
        os.kill(ranks_of(run)[0], signal.SIGCONT)
        for job in jobs:
            status, output = job.end()
            self.assertEqual(status, 0, output)
        self.expect_the_losses_of_one_process(run)


class Network(Faults):
    """Four hosts, each a network namespace with a cable to one switch."""

    HOSTS = range(4)

    @classmethod
    def setUpClass(cls):
        try:
            cls.make_network()
        except (OSError, subprocess.CalledProcessError) as error:
            why = getattr(error, "stderr", None) or error
            raise unittest.SkipTest(
                f"no network namespaces here (root, iproute2): {why}")
        super().setUpClass()

    @classmethod
    def make_network(cls):
        # A process holds each namespace; `ip netns` wants / to be a mount.
        cls.holders = [
            subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
            for _ in cls.HOSTS]
        for holder in cls.holders:
            cls.addClassCleanup(holder.wait)
            cls.addClassCleanup(holder.kill)
        time.sleep(1)  # until they have left this one
        cls.run_ip("link", "add", "nadirsw", "type", "bridge")
        cls.addClassCleanup(cls.run_ip, "link", "del", "nadirsw")
        cls.run_ip("link", "set", "nadirsw", "up")
        for host in cls.HOSTS:
            name = f"nadir{host}"
            cls.run_ip("link", "add", name, "type", "veth", "peer", "name",
                       "eth0", "netns", str(cls.holders[host].pid))
            # Open connections may keep a namespace for a while.
            cls.addClassCleanup(cls.run_ip, "link", "del", name)
            cls.run_ip("link", "set", name, "master", "nadirsw", "up")
            cls.run_ip("addr", "add", f"10.77.0.{host + 1}/24", "dev", "eth0",
                       host=host)
            for device in ("eth0", "lo"):
                cls.run_ip("link", "set", device, "up", host=host)

    @classmethod
    def words_on(cls, host, words):
        """A command, in the namespace of a host."""
        return ["nsenter", f"--net=/proc/{cls.holders[host].pid}/ns/net",
                *words]

    @classmethod
    def run_ip(cls, *words, host=None):
        words = ["ip", *words]
        subprocess.run(
            words if host is None else cls.words_on(host, words),
            check=True, capture_output=True, text=True)

    def test_a_cut_between_two_of_four_hosts(self):
        run = self.folder / "cut"
        jobs = [
            Job(self.words_on(host, self.launch(
                ["--nnodes", "4", "--node-rank", host,
                 "--master-addr", "10.77.0.1", "--master-port", "29511"],
                run if host == 0 else f"{run}-{host}", 2, *SAVE,
                "--peer-timeout-s", TIMEOUT_S)))
            for host in self.HOSTS]
        ranks = self.run_to_the_middle(run, jobs)
        # Each of the two drops what it would send to the other.
        for host, other in ((1, 2), (2, 1)):
            self.run_ip("route", "add", "blackhole",
                        f"10.77.0.{other + 1}/32", host=host)
        os.kill(ranks[0], signal.SIGCONT)
        begin = time.monotonic()
        for host, job in enumerate(jobs):
            self.expect_lost(
                job, f"rank {host} of 4 on", "a peer is lost or late")
        self.assertLess(time.monotonic() - begin, TIMEOUT_S + 30)
        self.expect_whole_checkpoints(run)
        self.go_on(run)


for inherited in [name for name in vars(Faults) if name.startswith("test_")]:
    setattr(Network, inherited, None)


if __name__ == "__main__":
    TinyRuns.nadir = sys.argv[1]
    sys.exit(unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=2))
