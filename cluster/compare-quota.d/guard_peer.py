"""agentbudget, a guard in the agent's own process: each process has its own, and nothing of it is kept on disk."""

from agentbudget import AgentBudget, BudgetExhausted

from spending import DENIED, HELD, USD, Answer, parts


class Guard:
    name = "agentbudget"
    is_mesh = False
    has_ttl = False
    # Nobody sees what another process has spent.
    is_shared = False
    places = 1

    def __init__(self, folder):
        self.number = 0
        self.settings = {"scopes": 1, "units": 1, "client": "in process: would_exceed before the call, track after it"}

    def start(self):
        pass

    def stop(self):
        pass

    def budget(self, calls, slack=1):
        self.number += 1
        return self.number, calls

    def key(self, budget):
        return f"{self.name} {budget[0]}"

    def client(self, budget, place=0, ttl=None):
        return Client(budget[1])


class Client:
    def __init__(self, calls):
        self.session = AgentBudget(max_spend=calls * USD, soft_limit=1.0).session()
        self.session.__enter__()
        self.messages = 0

    def hold(self, call):
        return Answer(DENIED, reason="would exceed") if self.session.would_exceed(USD) else Answer(HELD, call)

    def settle(self, call, part=1.0):
        # It says so after the money is gone.
        try:
            self.session.track(None, cost=parts(part)["usd_micros"])
        except BudgetExhausted:
            pass

    def release(self, call):
        pass

    def floor(self):
        pass

    @property
    def charged(self):
        return self.session.spent / USD

    def close(self):
        self.session.__exit__(None, None, None)
