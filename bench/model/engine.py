"""engine.py - the discrete-event model of the engine.

For model.py and tests/bench/test_model.py. Threads are generators that say how long a step takes; what
a step does to the tasks happens at its end. The steps are those of src/orch/submit.c, src/sched and
src/device/step.c: submission with the tensor map's look-ups, edges to live producers, own chains,
one ready queue, halves and single tasks offered by the rule, pacing, calls, completion, waiting (pause,
yield, leave, sleep). Costs come from params.py; there is no other number of time in here. Everything is
deterministic: equal times go in the order in which they were asked for.

Lines move: each task knows which thread touched its slot's first line last. What a step pays in its
table is for lines that lie where they lay in the micro-benchmark; a line that another thread touched
since costs a move more.

Machines: `cpu` (threads run kernels themselves) and `cores` (control threads start kernels on compute
cores and poll them). Modes: inline, deferred, auto, and replay (no submission: every edge is there).
Kernels were timed by earlier runs: a kernel's typical time is known from the start.
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
        self.hungry = False    # counted as looking for work: until its first task is done
        self.called = False    # since it went idle
        self.coming = False    # called, and not in the run yet
        self.slept = False     # was woken, and has found nothing since
        self.offer_end = 0     # queue position behind its last offer
        self.missed_ns = 0.0   # kernel time that others could have run, had they been there
        self.free = 0        # cores: idle ones
        self.running = []    # cores: (end, task)
        self.polling = False # cores: waits for the next end


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
        self.line = [0] * n    # who touched the slot's first line last
        self.sent = [True] * n # ... at its submission
        self.fanin = [0] * n
        self.out = [[] for _ in range(n)]
        self.before = [()] * n
        self.done = 0      # the watermark
        self.left = n
        self.last = 0      # who ended the last task
        self.queue = []    # lists of tasks, oldest first
        self.pushed = self.popped = 0
        self.queue_free = 0.0
        self.paced = False
        self.ran = [0] * n
        self.busy_ns = 0.0
        self.set_rule()
        self.threads = [Thread(i) for i in range(threads)]
        for i, t in enumerate(self.threads):
            t.free = cores // threads + (1 if i < cores % threads else 0)

    def set_rule(self):
        """What the rule makes of this kernel. The clock reads of a timed call count as its time."""
        rule, cost = self.cost.rule, self.cost
        self.typical_ns = self.kernel_ns + cost.clock
        self.is_long = self.typical_ns >= rule["long_ns"]
        self.is_shared = self.typical_ns >= rule["shared_ns"]
        short = self.typical_ns < rule["sampled_below_ns"]
        self.sampled_ns = 2 * cost.clock / (rule["sample_short"] if short else rule["sample_others"])
        self.spin_ns = rule["spin_rounds"] * cost.relax + (
            rule["yield_rounds"] - rule["spin_rounds"]) * cost.__getattr__("yield")
        self.at_once = not self.cores and (self.mode == "inline" or (
            self.mode == "auto" and (self.count == 1 or not self.is_shared)))

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
                thread.hungry = False
                thread.idle_since = -self.spin_ns # it has left the run before, and is awake
        while self.heap and self.left:
            at, _, thread, token = heapq.heappop(self.heap)
            if token != thread.token:
                continue
            self.now = at
            thread.idle_since = None
            thread.coming = thread.polling = False
            delay = next(thread.steps)
            if delay is None: # a sleeper that was woken for nothing sleeps again at once
                thread.idle_since = self.now - (self.spin_ns if thread.slept else 0.0)
                thread.hungry = thread.number != 0
            else:
                self.schedule(thread, self.now + delay)
        assert self.left == 0, "the model has tasks that never become ready"
        return self.now + self.end_seen()

    def end_seen(self):
        """How long after the last completion thread 0 knows of it."""
        first = self.threads[0]
        if self.cores:
            return self.move()
        if self.last == 0:
            return 0.0
        if first.idle_since is None:
            return self.move()
        if self.idle_ns(first) >= self.spin_ns:
            return self.cost.wake_call + self.cost.wake_latency
        return self.move() + self.pause_of(first)

    def move(self):
        """One line from one core to another."""
        return self.cost.line_move + self.extra

    def touch(self, task, thread):
        """A thread uses a slot's first line: what that costs if it lies elsewhere."""
        moved = self.line[task] != thread.number
        self.line[task] = thread.number
        return self.move() if moved else 0.0

    # ---- who is there --------------------------------------------------------------------------

    def idle_ns(self, thread):
        """How long a thread has found nothing; 0 if it works."""
        return 0.0 if thread.idle_since is None else self.now - thread.idle_since

    def is_inside(self, thread):
        """In the run. Who was called while it looked for work enters once more before it sleeps."""
        return not thread.coming and self.idle_ns(thread) < self.spin_ns * (2 if thread.called else 1)

    def inside(self):
        """Threads in the run besides thread 0."""
        return sum(1 for t in self.threads[1:] if self.is_inside(t))

    def is_hungry(self):
        """Whether anybody is counted as looking for work: in the run, or thread 0 asleep."""
        first = self.threads[0]
        return self.idle_ns(first) >= self.spin_ns > 0 or any(
            t.hungry and self.is_inside(t) for t in self.threads[1:])

    def wake(self, thread, price, latency):
        """An idle thread comes back after what its caller pays and a while more."""
        thread.coming = not self.is_inside(thread)
        thread.idle_since = None
        thread.called = False
        self.schedule(thread, self.now + price + latency)

    def pause_of(self, thread):
        """Half of the pause between two looks of a waiting thread."""
        awake = self.idle_ns(thread) % self.spin_ns if self.spin_ns else 0.0
        early = awake < self.cost.rule["spin_rounds"] * self.cost.relax
        return (self.cost.relax if early else self.cost.__getattr__("yield")) / 2

    def call(self, count):
        """slipi_pool_call: threads that are outside are called in; returns what the caller pays."""
        price = self.cost.rmw_own
        for t in self.threads[1:]:
            if count == 0:
                break
            if t.called or t.idle_since is None:
                continue
            outside = not self.is_inside(t)
            asleep = self.idle_ns(t) >= 2 * self.spin_ns
            price += self.cost.rmw_own + self.move() + (self.cost.wake_call if asleep else 0.0)
            t.called = True
            if outside:
                count -= 1
                self.wake(t, price, self.cost.wake_latency if asleep
                          else self.pause_of(t) + 2 * self.move())
        return price

    def call_if_missed(self, count):
        """slipi_ready_call."""
        return 0.0 if self.is_hungry() or self.inside() + 1 >= self.count else self.call(count)

    def tell_first(self, thread):
        """Notifies the event on which thread 0 sleeps."""
        first = self.threads[0]
        if thread.number == 0:
            return 0.0
        if self.idle_ns(first) < self.spin_ns:
            return self.cost.rmw_own
        self.wake(first, self.cost.wake_call, self.cost.wake_latency)
        first.slept = True
        return self.cost.rmw_own + self.cost.wake_call

    # ---- ready tasks ---------------------------------------------------------------------------

    def looks(self, thread):
        """Whether a thread sees what is pushed now."""
        if self.cores:
            return thread.free > 0 and (thread.polling or thread.idle_since is not None)
        if thread.idle_since is None:
            return False
        return self.idle_ns(thread) < self.spin_ns if thread.number == 0 else self.is_inside(thread)

    def push(self, thread, batch):
        """Puts a chain into the queue; whoever looks for work finds it. What that costs."""
        begin = max(self.now, self.queue_free)
        price = begin - self.now + self.cost.rmw_own + self.move()
        self.queue_free = begin + self.cost.rmw_own + self.move()
        self.queue.append(batch)
        self.pushed += 1
        looking = [t for t in self.threads if t is not thread and self.looks(t)]
        if looking and self.cores: # it polls without a pause
            self.schedule(looking[0], self.now + price + self.move())
            looking[0].polling, looking[0].idle_since = False, None
        elif looking:
            finder = max(looking, key=lambda t: (t.idle_since, -t.number))
            self.wake(finder, price, self.pause_of(finder) + self.move())
        return price

    def pop(self, thread):
        """Takes a chain from the queue; returns what that costs. Queue line, cell and slot move."""
        begin = max(self.now, self.queue_free)
        self.queue_free = begin + self.cost.rmw_own + self.move()
        thread.chain = self.queue.pop(0)
        self.popped += 1
        self.line[thread.chain[0]] = thread.number
        return self.queue_free - self.now + 2 * self.move()

    def offered(self, thread):
        """True while nobody has taken the thread's last offer."""
        return self.popped < thread.offer_end

    def complete(self, task, ready):
        """Ends a task; who waited for it last becomes ready. The list is walked from the youngest
        edge, and who becomes ready goes to the front: the oldest is next."""
        assert self.end_of[task] is None, "a task completes once"
        self.end_of[task] = self.now
        self.left -= 1
        self.last = self.owner[task]
        for consumer in reversed(self.out[task]):
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
        """Taking, completing and retiring a task: the thread's table, and a move for each line that
        is not where the table has it. The others' table has every line where its submission left
        it."""
        edges = len(self.out[task])
        if self.count == 1:
            return self.cost.at("exec_alone", edges)
        first = thread.number == 0
        price = self.cost.at("exec" if first else "remote", edges)
        price += 0.0 if first else (1 + edges) * self.extra
        moved = self.touch(task, thread)
        price += moved if first or not self.sent[task] else 0.0
        for consumer in self.out[task]:
            moved = self.touch(consumer, thread)
            price += moved if first or not self.sent[consumer] else 0.0
            self.sent[consumer] = False
        return price

    # ---- the rule of sharing (src/device/step.c) -----------------------------------------------

    def share_rest(self, thread, keep, batch):
        """slipi_ready_share_rest: all but `keep`, from the front, in batches."""
        while len(thread.chain) > keep:
            part = thread.chain[:min(batch, len(thread.chain) - keep)]
            del thread.chain[:len(part)]
            yield self.push(thread, part)

    def share_spare(self, thread, keep):
        """share_spare: the same, and somebody is called for it."""
        spare = len(thread.chain) - keep
        yield from self.share_rest(thread, keep, 1 if self.is_long else self.cost.rule["batch"])
        yield self.tell_first(thread) + self.call_if_missed(spare)

    def offer_half(self, thread):
        """offer_half: the older half, once the last offer is taken."""
        spare = len(thread.chain)
        waits_ns = spare * self.typical_ns
        inside = self.inside()
        price = 0.0
        if inside + 1 == self.count or self.is_hungry():
            thread.missed_ns = 0.0
        elif thread.missed_ns + waits_ns >= self.cost.rule["wake_ns"]:
            thread.missed_ns = -waits_ns
            price = self.call(1)
        if not ((thread.number == 0 and inside == 0) or self.offered(thread)):
            part = thread.chain[spare // 2:]
            del thread.chain[spare // 2:]
            price += self.push(thread, part)
            thread.offer_end = self.pushed
            price += self.tell_first(thread)
        yield price

    def share(self, thread):
        """What step_self does before it runs a task."""
        if self.count == 1 or not thread.chain:
            return
        if self.is_long:
            yield from self.share_spare(thread, 0)
        elif self.is_shared:
            thread.missed_ns += self.typical_ns
            yield from self.offer_half(thread)
        elif self.is_hungry() and len(thread.chain) >= self.cost.rule["worth"]:
            yield from self.share_spare(thread, len(thread.chain) // 2)

    def step(self, thread):
        """step_self: runs one task, after sharing what others could run."""
        if not thread.chain:
            price = self.pop(thread)
            yield price
        task = thread.chain.pop(0)
        yield from self.share(thread)
        yield from self.execute(thread, task)
        thread.hungry = thread.slept = False
        if self.is_long and self.count > 1 and thread.number != 0:
            yield self.tell_first(thread)

    def pace(self, thread):
        """slipi_pace: between two submissions."""
        if thread.chain and not self.offered(thread):
            yield from self.offer_half(thread)
        if len(thread.chain) >= self.cost.rule["enough"]:
            yield from self.step(thread)

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

    def advance(self, head, thread):
        """Moves the watermark; slots that others completed come back, one after the other."""
        moved = 0
        while self.done < head and self.end_of[self.done] is not None:
            if self.line[self.done] != thread.number:
                self.line[self.done] = thread.number
                moved += 1
            self.done += 1
        return moved * (self.cost.line_stream + self.extra)

    def submit(self, task, edges, thread):
        """One submission; returns True if the task is ready and was not run."""
        cost, (reads, _, _) = self.cost, self.tasks[task]
        args = len(reads) + 1
        returned = self.advance(task, thread)
        if self.at_once and self.done == task:
            self.begin(task, thread)
            yield cost.at("inline_args", args) + self.kernel_ns + self.sampled_ns + returned
            self.complete(task, thread.chain)
            return False
        found, by_writer, by_reader = edges.look_up(task, self.tasks[task],
                                                    lambda p: p >= self.done)
        live = [p for p in found if not self.is_done(p)]
        yield (returned + cost.at("submit_args", args) + len(reads) * cost.visit_read +
               cost.visit_write + by_writer * cost.known_write + by_reader * cost.known_read +
               cost.at("edges", len(live)) + (len(found) - len(live)) * cost.known_read +
               sum(self.touch(p, thread) for p in found))
        self.before[task] = tuple(found)
        live = [p for p in live if not self.is_done(p)]
        for producer in live:
            self.out[producer].append(task)
        self.fanin[task] = len(live)
        return not live

    def submit_self(self, task, thread):
        """A task without a live producer on a thread that runs kernels itself."""
        if self.mode == "deferred":
            thread.chain.append(task)
        elif self.at_once:
            yield from self.execute(thread, task)
            while thread.chain: # what ran at once made others ready
                yield from self.step(thread)
        elif self.is_long:
            price = self.push(thread, [task])
            yield price + self.call_if_missed(1)
        else:
            thread.chain.append(task)
            self.paced = True

    def orchestrate(self, thread):
        """Submits everything."""
        edges = Edges()
        cells = 1 + max(max(reads, default=0) if reads else cell for reads, cell, _ in self.tasks)
        yield cells * self.cost.view
        for task in range(len(self.tasks)):
            ready = yield from self.submit(task, edges, thread)
            if self.cores:
                yield from self.start(thread, [task] if ready else [])
                if task % 8 == 0:
                    yield from self.collect(thread)
                continue
            if ready:
                yield from self.submit_self(task, thread)
            if self.paced:
                yield from self.pace(thread)

    def replay(self, thread):
        """Starts a recorded graph: every edge is there, the tasks without producers are handed out."""
        edges = Edges()
        for task, spec in enumerate(self.tasks):
            found, _, _ = edges.look_up(task, spec, lambda p: True)
            self.before[task] = tuple(found)
            self.fanin[task] = len(found)
            for producer in found:
                self.out[producer].append(task)
        thread.chain = [t for t in range(len(self.tasks)) if self.fanin[t] == 0]
        if self.cores:
            ready, thread.chain = thread.chain, []
            yield from self.start(thread, ready)
        elif self.count > 1:
            yield self.call_if_missed(self.count - 1)

    # ---- threads -------------------------------------------------------------------------------

    def self_executing(self, thread, first):
        """A thread that runs kernels itself."""
        if first:
            yield from (self.replay(thread) if self.mode == "replay" else self.orchestrate(thread))
        else:
            yield None
        while True:
            while thread.chain or self.queue:
                yield from self.step(thread)
            price = self.tell_first(thread) if self.count > 1 else 0.0
            if price:
                yield price
            if not thread.chain and not self.queue:
                yield None

    def start(self, thread, ready):
        """Starts ready tasks on idle cores; the rest is offered, or kept if nobody else is there."""
        rest = ready + thread.chain
        thread.chain = []
        while rest and thread.free > 0:
            task = rest.pop(0)
            thread.free -= 1
            yield self.cost.register_write + self.move()
            self.begin(task, thread)
            heapq.heappush(thread.running, (self.now + self.kernel_ns + 2 * self.move(), task))
        thread.chain = rest
        if self.count > 1:
            yield from self.share_rest(thread, 0, self.cost.rule["batch"])

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
        thread.polling = True
        yield wait + self.cost.register_poll


def simulate(cost, tasks, kernel_ns, threads, mode, **more):
    """A finished simulation, with `total_ns`."""
    run = Simulation(cost, tasks, kernel_ns, threads, mode, **more)
    run.total_ns = run.run()
    return run
