"""Processes of ours: clients that are forked, run one function and send back what it returned, and servers."""

import multiprocessing
import os
import pathlib
import signal
import subprocess
import time
import traceback

FORK = multiprocessing.get_context("fork")


class Worker:
    """A forked client. `tell` and `hear` talk with its function while it runs; a killed one is heard as None."""

    def __init__(self, function, *arguments):
        self.pipe, theirs = FORK.Pipe()
        self.process = FORK.Process(target=self._run, args=(theirs, function, arguments), daemon=True)
        self.process.start()
        theirs.close()

    @staticmethod
    def _run(pipe, function, arguments):
        quiet()
        try:
            pipe.send(function(pipe, *arguments))
        except BaseException:
            pipe.send(RuntimeError(traceback.format_exc()))

    def tell(self, message):
        self.pipe.send(message)

    def hear(self, timeout=120):
        if not self.pipe.poll(timeout):
            self.kill()
            raise TimeoutError(f"a client said nothing for {timeout} s")
        try:
            heard = self.pipe.recv()
        except EOFError:
            return None
        if isinstance(heard, RuntimeError):
            raise heard
        return heard

    def kill(self):
        self.process.kill()
        self.end()

    def end(self):
        self.process.join(30)
        self.pipe.close()


def quiet():
    """For a forked process: its parent ends it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def together(function, jobs, timeout=600, before_go=lambda: None):
    """Runs `function(pipe, *job)` in a process for each job, all let go at once by "ready" and "go". Returns what each returned."""
    workers = [Worker(function, *job) for job in jobs]
    try:
        for worker in workers:
            assert worker.hear(60) == "ready"
        before_go()
        for worker in workers:
            worker.tell("go")
        return [worker.hear(timeout) for worker in workers]
    finally:
        for worker in workers:
            worker.process.kill()
            worker.end()


def ready(pipe):
    """What a worker does before it measures."""
    pipe.send("ready")
    assert pipe.recv() == "go"


class Server:
    """A peer's server, in a folder of its own; it can be killed and started again."""

    def __init__(self, command, log, user=None):
        self.command, self.log, self.process = command, log, None
        self.user = {"user": user, "group": user, "extra_groups": []} if user else {}

    def start(self, is_up, timeout=30):
        deadline = time.monotonic() + timeout
        while True:
            if self.process is None or self.process.poll() is not None:
                with open(self.log, "ab") as log:
                    self.process = subprocess.Popen(
                        self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd="/", **self.user)
            if is_up():
                return
            if time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"{self.command[0]} does not start: {pathlib.Path(self.log).read_text(errors='replace')[-2000:]}")
            time.sleep(0.05)

    def kill(self):
        """With what it has started, so that nothing of it still writes."""
        if self.process is None:
            return
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        pids = children.read_text().split() if children.exists() else []
        self.process.kill()
        self.process.wait(30)
        self.process = None
        for pid in map(int, pids):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue

    def stop(self, number=signal.SIGTERM):
        if self.process is None:
            return
        self.process.send_signal(number)
        try:
            self.process.wait(20)
            self.process = None
        except subprocess.TimeoutExpired:
            self.kill()
