"""patterns.py - the graphs of bench/peers/pattern.h for the scaling model, at any width.

For model.py and tests/bench/test_model.py, which holds them against the C program's own count of
inputs. A graph is a list of tasks (reads, cell, in place) in the order of submission.
"""

NAMES = ("independent", "chain", "stencil_1d", "stencil_1d_periodic", "nearest", "fft", "tree", "dom",
         "spread", "random_nearest", "all_to_all")
RADIX = 5
REACH = {"stencil_1d": (1, 1), "nearest": (2, 2), "dom": (1, 0), "random_nearest": (2, 2),
         "all_to_all": (1 << 30, 1 << 30)}
MASK = (1 << 64) - 1


def mix(step, x, y):
    """peers_mix: a number that looks random."""
    h = (step << 32) ^ (x << 16) ^ y
    h = ((h ^ (h >> 31)) * 0x9e3779b97f4a7c15) & MASK
    h = ((h ^ (h >> 29)) * 0xbf58476d1ce4e5b9) & MASK
    return (h >> 33) & 0xffffffff


def tree_distance(width, step):
    """(distance, spreading) of a step of the tree."""
    levels = width.bit_length() - 1
    place = step % (2 * levels)
    down = place >= levels
    return 1 << (2 * levels - 1 - place if down else place), down


def active(name, width, step, x):
    """True if a point has a task in a step."""
    if name != "tree" or width == 1:
        return True
    distance, down = tree_distance(width, step)
    return x % (distance if down else 2 * distance) == 0


def inputs(name, width, step, x):
    """Points of the step before that a task reads."""
    if step == 0 or name in ("independent", "chain"):
        return []
    count = min(RADIX, width)
    if name == "stencil_1d_periodic":
        return list(dict.fromkeys((x + width - 1 + k) % width for k in range(3)))
    if name == "spread":
        return list(dict.fromkeys((x + step + k * (width // count)) % width for k in range(count)))
    if name == "fft":
        levels = width.bit_length() - 1
        distance = 1 << ((step - 1) % levels if levels else 0)
        return [y for y in (x - distance, x, x + distance) if 0 <= y < width]
    if name == "tree":
        if width == 1:
            return [0]
        distance, down = tree_distance(width, step)
        return [x - x % (2 * distance)] if down else [x, x + distance]
    low, high = REACH[name]
    near = range(max(0, x - low), min(width - 1, x + high) + 1)
    return [y for y in near if name != "random_nearest" or mix(step, x, y) % 2 == 0]


def graph(name, width, steps):
    """Tasks as (cells read, cell written, updated in place)."""
    tasks = []
    for step in range(steps):
        for x in range(width):
            if not active(name, width, step, x):
                continue
            if name == "independent":
                tasks.append(((), step * width + x, False))
            elif name == "chain":
                tasks.append(((), x, True))
            else:
                before = (step - 1) % 2 * width
                tasks.append((tuple(before + y for y in inputs(name, width, step, x)),
                              step % 2 * width + x, False))
    return tasks


def sized(name, width, tasks):
    """A graph of about `tasks` tasks, as the peers' frame sizes it."""
    heavy = width // 8 if name == "all_to_all" and width > 8 else 1
    return graph(name, width, max(8, tasks // width // heavy))
