"""plot.py - draws lines over two logarithmic axes as an SVG picture.

For figures.py. Colours tell the kinds of lines apart, dashes what they belong to; the text beside
a line's end names it. Nothing but the standard library, and the same points give the same bytes.
"""

import collections
import math

# One line: its name, what its colour and its dashes stand for, and its points (x, nanoseconds).
Line = collections.namedtuple("Line", "name colour dash points")

WIDTH, HEIGHT = 760, 420
LEFT, RIGHT, TOP, BOTTOM = 70, 150, 40, 50
COLOURS = ("#b3403a", "#c9882b", "#2f6f9f")
DASHES = ("", "6 3", "2 3")


def unit(nanoseconds):
    """A tick of the time axis."""
    for size, name in ((1e6, "ms"), (1e3, "µs")):
        if nanoseconds >= size:
            return f"{nanoseconds / size:g} {name}"
    return f"{nanoseconds:g} ns"


def count(number):
    """A tick of the other axis."""
    for size, name in ((1 << 20, "Mi"), (1 << 10, "Ki")):
        if number >= size:
            return f"{number // size} {name}"
    return str(number)


def spaced(ends, least):
    """Heights for labels at line ends, at least so far from each other."""
    heights = {}
    above = -math.inf
    for name, height in sorted(ends.items(), key=lambda item: (item[1], item[0])):
        above = max(height, above + least)
        heights[name] = above
    return heights


def draw(title, axis, lines):
    """The picture as text."""
    xs = sorted({x for line in lines for x, _ in line.points})
    ys = [y for line in lines for _, y in line.points]
    low = math.floor(math.log10(min(ys)))
    high = math.ceil(math.log10(max(ys)))

    def at_x(x):
        part = (math.log2(x) - math.log2(xs[0])) / (math.log2(xs[-1]) - math.log2(xs[0]))
        return LEFT + part * (WIDTH - LEFT - RIGHT)

    def at_y(y):
        return TOP + (high - math.log10(y)) / (high - low) * (HEIGHT - TOP - BOTTOM)

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
           f'font-family="sans-serif" font-size="12">',
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
           f'<text x="{LEFT}" y="{TOP - 16}" font-size="14">{title}</text>']
    for power in range(low, high + 1):
        y = at_y(10 ** power)
        out.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" '
                   f'stroke="#dddddd"/>')
        out.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">'
                   f'{unit(10 ** power)}</text>')
    for x in xs:
        out.append(f'<text x="{at_x(x):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">'
                   f'{count(x)}</text>')
    out.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2:.1f}" y="{HEIGHT - 10}" '
               f'text-anchor="middle">{axis}</text>')
    colours = list(dict.fromkeys(line.colour for line in lines))
    dashes = list(dict.fromkeys(line.dash for line in lines))
    heights = spaced({line.name: at_y(line.points[-1][1]) for line in lines}, 14)
    for line in lines:
        colour = COLOURS[colours.index(line.colour) % len(COLOURS)]
        dash = DASHES[dashes.index(line.dash) % len(DASHES)]
        points = " ".join(f"{at_x(x):.1f},{at_y(y):.1f}" for x, y in line.points)
        out.append(f'<polyline points="{points}" fill="none" stroke="{colour}" '
                   f'stroke-width="1.5" stroke-dasharray="{dash}"/>')
        out.append(f'<text x="{WIDTH - RIGHT + 8}" y="{heights[line.name] + 4:.1f}" '
                   f'fill="{colour}">{line.name}</text>')
    out.append("</svg>")
    return "\n".join(out) + "\n"
