"""Simulated workers of a fleet: they load, keep and drop cases as the real ones do, and tell the same facts."""

import random
from collections import Counter, OrderedDict

import httpx

import fluoropose
from fluoropose.fleet.placement import Choice, Wanted, choose_worker
from fluoropose.fleet.roster import Roster
from fluoropose.fleet.worker_facts import WorkerFacts

CASE_BYTES = 10**8
VERSION = fluoropose.__version__


def worker(name="w1", **fields):
    """Return the facts of a worker of this version that is ready and empty."""
    given = {"http": f"http://{name}.test:8000", "grpc": f"{name}.test:8001", "version": VERSION, "capacity": 100}
    return WorkerFacts(name, **(given | fields))


class SimulatedWorker:
    """One worker with room for `slots` cases: the idle case that was used longest ago leaves first."""

    def __init__(self, name, slots, capacity):
        self.name, self.slots, self.capacity = name, slots, capacity
        self.resident = OrderedDict()
        self.used = Counter()

    def facts(self):
        used = frozenset(+self.used)
        spare = (self.slots - len(used)) * CASE_BYTES
        return worker(
            self.name,
            capacity=self.capacity,
            sessions=self.used.total(),
            cases=frozenset(self.resident),
            used_cases=used,
            resident_bytes=len(self.resident) * CASE_BYTES,
            spare_bytes=spare,
        )

    def open(self, case):
        """Open a session; return False where the case does not fit in beside those in use."""
        if case not in self.resident and len(self.resident) >= self.slots:
            idle = next((one for one in self.resident if not self.used[one]), None)
            if idle is None:
                return False
            del self.resident[idle]
        self.resident[case] = True
        self.resident.move_to_end(case)
        self.used[case] += 1
        return True

    def close(self, case):
        self.used[case] -= 1


class SimulatedFleet:
    """Workers, and the one front door that places sessions by their facts, told again after every session."""

    def __init__(self, workers, slots, capacity, seed):
        self.rng = random.Random(seed)
        self.workers = {f"w{number}": SimulatedWorker(f"w{number}", slots, capacity) for number in range(workers)}
        self.facts = {name: one.facts() for name, one in self.workers.items()}
        self.sessions = []
        self.resident = self.loaded = 0

    def open(self, case):
        tried = frozenset()
        while True:
            choice = self.choose(Wanted(frozenset([case]), VERSION, tried))
            name = choice.worker.worker
            if self.workers[name].open(case):
                break
            tried |= {name}
        self.resident += choice.resident
        self.loaded += not choice.resident
        self.sessions.append((name, case))
        self.facts[name] = self.workers[name].facts()

    def choose(self, wanted) -> Choice:
        return choose_worker(self.facts.values(), wanted, self.rng)

    def close_one(self):
        """Close a session, any."""
        place = self.rng.randrange(len(self.sessions))
        self.sessions[place], self.sessions[-1] = self.sessions[-1], self.sessions[place]
        name, case = self.sessions.pop()
        self.workers[name].close(case)
        self.facts[name] = self.workers[name].facts()


class FakeView:
    """What a front door sees of a fleet that a test makes up."""

    def __init__(self, *workers, writer="http://writer.test"):
        self.roster = Roster()
        for one in workers:
            self.roster.report(one, 0.0)
        self.address, self.forgotten, self.drained = writer, [], []

    def workers(self):
        return self.roster.current(0.0)

    def everybody(self):
        return self.roster.known()

    def writer(self):
        return self.address

    async def forget(self, case):
        self.forgotten.append(case)

    async def drain(self, name):
        self.drained.append(name)
        return {"draining": [name], "avoided": []}

    async def undrain(self, name):
        self.drained.remove(name)
        return [name]

    def status(self):
        return {"wanted": len(self.everybody())}


class FakeWorkers:
    """Workers behind a front door: what each answers to which request, and what it was asked."""

    def __init__(self):
        self.asked, self.answers, self.gone = [], {}, set()

    def answer(self, host, status=200, **body):
        self.answers[host] = (status, body)

    async def __call__(self, request):
        self.asked.append((request.url.host, request.method, request.url.path, dict(request.headers)))
        if request.url.host in self.gone:
            raise httpx.ConnectError("connection refused")
        name = request.url.host.removesuffix(".test")
        usual = (201, {"session": f"{name}.abc"}) if request.url.path == "/v1/sessions" else (200, {"of": name})
        status, body = self.answers.get(request.url.host, usual)
        headers = {"Location": f"/v1/sessions/{name}.abc"} if status == 201 else {}
        return httpx.Response(status, json=body, headers=headers)
