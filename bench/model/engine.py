"""engine.py - the discrete-event model of the engine.

For model.py and tests/bench/test_model.py. Threads are generators that say how long a step takes; what
a step does to the tasks happens at its end. The steps are those of src/orch/submit.c, src/sched and
src/device/step.c: submission with the tensor map's look-ups, edges to live producers, own chains,
one ready queue, offering by the rule, completion, waiting (pause, yield, leave, sleep). Costs come from
params.py; there is no other number of time in here. Everything is deterministic: equal times go in the
order in which they were asked for.

Machines: `cpu` (threads run kernels themselves) and `cores` (control threads start kernels on compute
cores and poll them). Modes: inline, deferred, auto, and replay (no submission: every edge is there).
"""

import heapq
import itertools


class Edges:
    """The tensor map over exact cells: who must come before a task, and who is found again."""

    def __init__(self):
        self.writer = {}
        self.readers = {}

    def look_up(self, task, spec, live):
        """(producers once each, times one was found again through a writer, through a reader)."""
        reads, cell, in_place = spec
        found, again = {}, [0, 0]

        def report(producer, kind):
            if producer is None or producer == task or not live(producer):
                return False
            if producer in found:
                again[kind] += 1
            found[producer] = True
            return True

        for read in reads:
            report(self.writer.get(read), 0)
            self.readers.setdefault(read, []).append(task)
        ordered = [report(reader, 1) for reader in self.readers.get(cell, ())]
        if not any(ordered):
            report(self.writer.get(cell), 0)
        self.writer[cell] = task
        self.readers[cell] = []
        return list(found), again[0], again[1]


class Thread:
    """A control thread: its generator, its chain of ready tasks, and how long it has been idle."""

    def __init__(self, number):
        self.number = number
        self.chain = []
        self.token = 0
        self.idle_since = None
        self.free = 0     # cores: idle ones
        self.running = [] # cores: (end, task)


class Simulation:
    """One run of one graph."""

    def __init__(self, cost, tasks, kernel_ns, threads, mode, cores=0, line_extra=0.0):
        self.cost, self.tasks, self.kernel_ns = cost, tasks, kernel_ns
        self.mode, self.count, self.cores = mode, threads, cores
        self.extra = line_extra # what a line moves longer than where it was measured
        self.now, self.order, self.heap = 0.0, itertools.count(), []
        n = len(tasks)
        self.end_of = [None] * n
        self.start_of = [None] * n
        self.owner = [0] * n
        self.fanin = [0] * n
        self.out = [[] for _ in range(n)]
        self.before = [()] * n
        self.done = 0      # the watermark
        self.left = n
        self.queue = []    # lists of tasks, oldest first
        self.queue_free = 0.0
        self.ran = [0] * n
        self.busy_ns = 0.0
        rule = cost.rule
        self.spin_ns = rule["spin_rounds"] * cost.relax + (
            rule["yield_rounds"] - rule["spin_rounds"]) * cost.__getattr__("yield")
        # The clock reads of a timed call count as its time.
        self.is_long = kernel_ns + cost.clock >= rule["long_ns"]
        self.sampled_ns = 2 * cost.clock / (4 if kernel_ns >= 1000 else 64)
        self.threads = [Thread(i) for i in range(threads)]
        for i, t in enumerate(self.threads):
            t.free = cores // threads + (1 if i < cores % threads else 0)

    # ---- time ----------------------------------------------------------------------------------

    def schedule(self, thread, at):
        """Resumes a thread at a time; an earlier appointment lapses."""
        thread.token += 1
        heapq.heappush(self.heap, (at, next(self.order), thread, thread.token))

    def run(self):
        """Runs to the end; returns the time at which thread 0 sees it."""
        for thread in self.threads:
            first = thread.number == 0
            if self.cores:
                thread.steps = self.control(thread, first)
            else:
                thread.steps = self.self_executing(thread, first)
            if first or self.cores:
                self.schedule(thread, 0.0)
            else:
                next(thread.steps)
                thread.idle_since = -1.5 * self.spin_ns # it has left the run before, and is awake
        while self.heap and self.left:
            at, _, thread, token = heapq.heappop(self.heap)
            if token != thread.token:
                continue
            self.now = at
            thread.idle_since = None
            delay = next(thread.steps)
            if delay is None:
                thread.idle_since = self.now
            else:
                self.schedule(thread, self.now + delay)
        assert self.left == 0, "the model has tasks that never become ready"
        return self.now + self.move()

    def move(self):
        """One line from one core to another."""
        return self.cost.line_move + self.extra

    # ---- ready tasks ---------------------------------------------------------------------------

    def hungry(self):
        """Threads that look for work."""
        return [t for t in self.threads if t.idle_since is not None and
                self.now - t.idle_since < self.spin_ns]

    def offer(self, batch):
        """Puts a chain into the queue; returns what that costs the caller."""
        begin = max(self.now, self.queue_free)
        price = begin - self.now + self.cost.rmw_own + self.move()
        self.queue_free = begin + self.cost.rmw_own + self.move()
        self.queue.append(batch)
        looking = self.hungry()
        idle = looking or [t for t in self.threads if t.idle_since is not None]
        if not idle:
            return price
        thread = max(idle, key=lambda t: (t.idle_since, -t.number))
        for_ns = self.now - thread.idle_since
        pause = self.cost.relax if for_ns < self.cost.rule["spin_rounds"] * self.cost.relax \
            else self.cost.__getattr__("yield")
        if for_ns < 2 * self.spin_ns:
            latency = pause / 2 + self.move() * (1 if looking else 2)
        else:
            latency = self.cost.wake_latency
            price += self.cost.wake_call
        thread.idle_since = None
        self.schedule(thread, self.now + price + latency)
        return price

    def pop(self, thread):
        """Takes a chain from the queue; returns what that costs. Queue line, cell and slot move."""
        begin = max(self.now, self.queue_free)
        self.queue_free = begin + self.cost.rmw_own + self.move()
        thread.chain = self.queue.pop(0)
        return self.queue_free - self.now + 2 * self.move()

    def complete(self, task, ready):
        """Ends a task; who waited for it last becomes ready, the newest first."""
        assert self.end_of[task] is None, "a task completes once"
        self.end_of[task] = self.now
        self.left -= 1
        for consumer in self.out[task]:
            self.fanin[consumer] -= 1
            if self.fanin[consumer] == 0:
                ready.insert(0, consumer)

    def begin(self, task, thread):
        """Notes that a task starts."""
        self.start_of[task] = self.now
        self.owner[task] = thread.number
        self.ran[task] += 1
        self.busy_ns += self.kernel_ns

    def step_cost(self, thread, task):
        """Taking, completing and retiring a task."""
        edges = len(self.out[task])
        if self.count == 1:
            return self.cost.at("exec_alone", edges)
        if thread.number == 0:
            return self.cost.at("exec", edges)
        return self.cost.at("remote", edges) + (1 + edges) * self.extra

    def share(self, thread):
        """Offers what others could run before the next task runs; yields what that costs."""
        if self.count == 1 or not thread.chain:
            return
        keep = len(thread.chain)
        if self.is_long:
            keep = 0
        elif self.hungry() and keep >= 8:
            keep //= 2
        batch = 1 if self.is_long else self.cost.rule["batch"]
        while len(thread.chain) > keep:
            part = thread.chain[:min(batch, len(thread.chain) - keep)]
            del thread.chain[:len(part)]
            yield self.offer(part)

    def work(self, thread):
        """Runs what is in reach until nothing is."""
        while thread.chain or self.queue:
            if not thread.chain:
                price = self.pop(thread)
                yield price
            task = thread.chain.pop(0)
            yield from self.share(thread)
            yield from self.execute(thread, task)

    def execute(self, thread, task):
        """Runs one task and completes it."""
        self.begin(task, thread)
        yield self.kernel_ns + self.sampled_ns
        yield self.step_cost(thread, task)
        self.complete(task, thread.chain)

    # ---- submission ----------------------------------------------------------------------------

    def is_done(self, task):
        """COMPLETED by now."""
        return self.end_of[task] is not None

    def advance(self, head):
        """Moves the watermark."""
        while self.done < head and self.end_of[self.done] is not None:
            self.done += 1

    def submit(self, task, edges, thread):
        """One submission; returns a list with the task if it is ready."""
        cost, (reads, _, _) = self.cost, self.tasks[task]
        at_once = self.mode == "inline" or (
            self.mode == "auto" and (self.count == 1 or not self.is_long)) and not self.cores
        self.advance(task)
        args = len(reads) + 1
        if at_once and self.done == task:
            self.begin(task, thread)
            yield cost.at("inline_args", args) + self.kernel_ns + self.sampled_ns
            self.complete(task, thread.chain)
            return []
        found, by_writer, by_reader = edges.look_up(task, self.tasks[task],
                                                    lambda p: p >= self.done)
        live = [p for p in found if not self.is_done(p)]
        moved = sum(1 for p in found if self.owner[p] != 0)
        yield (cost.at("submit_args", args) + len(reads) * cost.visit_read + cost.visit_write +
               by_writer * cost.known_write + by_reader * cost.known_read +
               cost.at("edges", len(live)) + (len(found) - len(live)) * cost.known_read +
               moved * self.move())
        self.before[task] = tuple(found)
        live = [p for p in live if not self.is_done(p)]
        for producer in live:
            self.out[producer].append(task)
        self.fanin[task] = len(live)
        if live:
            return []
        if at_once:
            yield from self.execute(thread, task)
            return []
        return [task]

    def orchestrate(self, thread):
        """Submits everything."""
        edges = Edges()
        cells = 1 + max(max(reads, default=0) if reads else cell for reads, cell, _ in self.tasks)
        yield cells * self.cost.view
        for task in range(len(self.tasks)):
            ready = yield from self.submit(task, edges, thread)
            if self.cores:
                yield from self.start(thread, ready)
                if task % 8 == 0:
                    yield from self.collect(thread)
            elif ready and self.mode == "deferred":
                thread.chain.append(task)
            elif ready:
                yield self.offer(ready)
            elif self.mode != "deferred":
                while thread.chain: # what ran at once made others ready
                    task_now = thread.chain.pop(0)
                    yield from self.share(thread)
                    yield from self.execute(thread, task_now)

    def replay(self, thread):
        """Starts a recorded graph: every edge is there, the tasks without producers are handed out."""
        edges = Edges()
        for task, spec in enumerate(self.tasks):
            found, _, _ = edges.look_up(task, spec, lambda p: True)
            self.before[task] = tuple(found)
            self.fanin[task] = len(found)
            for producer in found:
                self.out[producer].append(task)
        roots = [t for t in range(len(self.tasks)) if self.fanin[t] == 0]
        batch = 1 if self.is_long else self.cost.rule["batch"]
        if self.count == 1 or self.cores:
            batch = len(roots) if self.count == 1 else batch
        for i in range(0, len(roots), batch):
            yield self.offer(roots[i:i + batch])

    # ---- threads -------------------------------------------------------------------------------

    def self_executing(self, thread, first):
        """A thread that runs kernels itself."""
        if first:
            yield from (self.replay(thread) if self.mode == "replay" else self.orchestrate(thread))
        while True:
            yield from self.work(thread)
            yield None

    def start(self, thread, ready):
        """Starts ready tasks on idle cores; the rest is offered."""
        for task in ready:
            if thread.free > 0:
                thread.free -= 1
                yield self.cost.register_write + self.move()
                self.begin(task, thread)
                heapq.heappush(thread.running, (self.now + self.kernel_ns + 2 * self.move(), task))
            else:
                yield self.offer([task])

    def collect(self, thread):
        """Polls the busy cores once and retires what is finished."""
        yield len(thread.running) * self.cost.register_poll
        while thread.running and thread.running[0][0] <= self.now:
            _, task = heapq.heappop(thread.running)
            yield self.move() + self.cost.at("exec", len(self.out[task]))
            thread.free += 1
            ready = []
            self.complete(task, ready)
            yield from self.start(thread, ready)
        while thread.free > 0 and self.queue:
            yield self.pop(thread)
            ready, thread.chain = thread.chain, []
            yield from self.start(thread, ready)

    def control(self, thread, first):
        """A control thread with cores; it polls all the time, so only the next end or offer counts."""
        if first:
            yield from (self.replay(thread) if self.mode == "replay" else self.orchestrate(thread))
        while True:
            yield from self.collect(thread)
            if thread.running:
                wait = max(thread.running[0][0] - self.now, 0.0)
                yield from self.poll_until(thread, wait)
            else:
                yield None

    def poll_until(self, thread, wait):
        """Polls until a kernel ends; an offer comes first if there is a free core for it."""
        thread.waiting = True
        yield wait + self.cost.register_poll


def simulate(cost, tasks, kernel_ns, threads, mode, **more):
    """A finished simulation, with `total_ns`."""
    run = Simulation(cost, tasks, kernel_ns, threads, mode, **more)
    run.total_ns = run.run()
    return run
