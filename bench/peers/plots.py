"""plots.py - SVG plots of a result of peers.py.

For peers.py; needs matplotlib (Debian: python3-matplotlib) and says so where it is missing.
"""

import os

import results


def series(rows, value):
    """(pattern, threads) -> column -> [(width, value)]."""
    found = {}
    for row in rows:
        if row[value] is not None:
            place = found.setdefault((row["pattern"], row["threads"]), {})
            place.setdefault(f"{row['peer']} {row['mode']}", []).append((row["width"], row[value]))
    return found


def style(name):
    """How a line looks: this project's are drawn through."""
    return {"label": name, "marker": ".", "linestyle": "-" if name.startswith(results.OWN) else "--"}


def draw_panels(pyplot, patterns, fill, title, path):
    """One plot with a panel a pattern, which `fill` fills; without its date, so that equal data give
    equal files."""
    rows = (len(patterns) + 2) // 3
    height = 3.4 * rows
    figure, panels = pyplot.subplots(rows, 3, figsize=(13, height), squeeze=False)
    for panel in panels.flat[len(patterns):]:
        panel.set_visible(False)
    for panel, pattern in zip(panels.flat, patterns):
        fill(panel, pattern)
        panel.set(title=pattern, xscale="log")
    handles, names = panels.flat[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="lower center", ncol=5)
    figure.suptitle(title)
    figure.tight_layout(rect=(0, 0.8 / height, 1, 1))
    figure.savefig(path, metadata={"Date": None}, bbox_inches="tight")
    pyplot.close(figure)
    return path


def line_plots(pyplot, found, folder):
    """ns a task over the width, one plot a number of threads."""
    written = []
    for threads in sorted({key[1] for key in found}):
        def fill(panel, pattern, threads=threads):
            for name, points in found[pattern, threads].items():
                panel.plot(*zip(*sorted(points)), **style(name))
            panel.set(yscale="log", xlabel="width", ylabel="ns a task")

        patterns = [p for p in results.PATTERNS if (p, threads) in found]
        written.append(draw_panels(pyplot, patterns, fill, f"Empty tasks, {threads} thread(s)",
                                   os.path.join(folder, f"empty-{threads}.svg")))
    return written


def efficiency_plots(pyplot, sweeps, folder):
    """Efficiency over granularity, one plot a number of threads."""
    written = []
    for threads in sorted({sweep["threads"] for sweep in sweeps}):
        mine = [sweep for sweep in sweeps if sweep["threads"] == threads]

        def fill(panel, pattern, mine=mine):
            for sweep in (s for s in mine if s["pattern"] == pattern):
                panel.plot(*zip(*sweep["points"]), **style(f"{sweep['peer']} {sweep['mode']}"))
            panel.axhline(results.METG_EFFICIENCY, color="grey", linewidth=0.5)
            panel.set(ylim=(0, 1.1), xlabel="ns a task and thread", ylabel="efficiency")

        patterns = [p for p in results.PATTERNS if any(s["pattern"] == p for s in mine)]
        written.append(draw_panels(pyplot, patterns, fill, f"Compute kernel, {threads} thread(s)",
                                   os.path.join(folder, f"efficiency-{threads}.svg")))
    return written


def draw(result, folder):
    """Draws all plots; returns a sentence about what was written, or why nothing was."""
    try:
        import matplotlib
    except ImportError:
        return "peers: no plots: matplotlib is missing (Debian: python3-matplotlib)"
    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "slipway"
    from matplotlib import pyplot
    os.makedirs(folder, exist_ok=True)
    written = line_plots(pyplot, series(result["empty"], "ns_per_task"), folder)
    written += efficiency_plots(pyplot, result["metg"], folder)
    return "peers: wrote " + ", ".join(written)
