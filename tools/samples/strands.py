"""Hair of the portrait: scalp, brows, lashes, stubble as strands (count, points, 3) in millimetres, with radii."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sculpt import Array, Head, beard_area, curve, hairline, lid_edges, outline_width, smoothstep

Strands = tuple[Array, Array]


def surface(head: Head, x: Array, y: Array) -> tuple[Array, Array]:
    """Place and outward normal of the relief at (x, y)."""
    rows, columns = head.places.shape[:2]
    u = np.arcsin(np.clip(x / np.maximum(outline_width(y), 1e-6), -1, 1)) * 2 / np.pi
    j = np.clip(np.round((u + 1) / 2 * (columns - 1)).astype(int), 1, columns - 2)
    i = np.clip(np.searchsorted(head.places[:, columns // 2, 1], y), 1, rows - 2)
    p = head.places
    n = np.cross(p[i, j + 1] - p[i, j - 1], p[i + 1, j] - p[i - 1, j])
    return p[i, j], n / np.maximum(np.linalg.norm(n, axis=-1, keepdims=True), 1e-9)


def unit(v: Array) -> Array:
    """Vectors of length 1."""
    return np.asarray(v / np.maximum(np.linalg.norm(v, axis=-1, keepdims=True), 1e-9))


def roots(rng: np.random.Generator, head: Head, count: int) -> tuple[Array, Array]:
    """Scatter roots over the scalp above the hairline, the back of the head included; return places and normals."""
    p = head.places
    cell = np.cross(p[1:-1, 2:] - p[1:-1, :-2], p[2:, 1:-1] - p[:-2, 1:-1])
    area = np.linalg.norm(cell, axis=-1)
    normal = unit(cell)
    x, y = p[1:-1, 1:-1, 0], p[1:-1, 1:-1, 1]
    uneven = hairline(x) + 1.6 * np.sin(x / 5.1) + 1.2 * np.sin(x / 2.3 + 1)
    grows = smoothstep(-2.5, 5.5, y - uneven)
    weight = (area * grows).ravel()
    front = rng.choice(weight.size, int(count * 0.68), p=weight / weight.sum())
    jitter = rng.normal(0, 0.25, (len(front), 3))
    jitter[:, 1] += np.abs(rng.normal(0, 1.6, len(front))) - 1.6
    places, normals = p[1:-1, 1:-1].reshape(-1, 3)[front] + jitter, normal.reshape(-1, 3)[front]
    d = unit(rng.standard_normal((count * 6, 3)))
    d = d[(d[:, 2] < 0.22) & (d[:, 1] > -0.55)][: count - len(front)]
    c, r = np.array([0.0, 40.0, 3.0]), np.array([73.5, 78.0, 79.0])
    return np.concatenate([places, c + d * r]), np.concatenate([normals, unit(d / r)])


def wave(p: Array, phase: float, scale: float) -> Array:
    """A smooth vector field that bends neighbouring strands alike."""
    q = p / scale
    return np.stack(
        [
            np.sin(1.3 * q[..., 1] + 1.7 * q[..., 2] + phase),
            np.sin(1.1 * q[..., 0] - 1.9 * q[..., 2] + 2 * phase),
            np.sin(1.5 * q[..., 0] + 1.2 * q[..., 1] + 3 * phase),
        ],
        -1,
    )


def cropped(rng: np.random.Generator, head: Head, count: int, points: int = 12) -> Strands:
    """Cropped, and combed back all over the head."""
    p, n = roots(rng, head, count)
    flow = unit(np.stack([0.16 * p[:, 0] / 70, 0.75 - 0.006 * np.clip(p[:, 1], 0, 120), np.full(count, -1.0)], -1))
    length = 42 * rng.uniform(0.8, 1.05, count)
    q, path = p.copy(), [p]
    centre, radii = np.array([0.0, 38.0, 4.0]), np.array([74.5, 80.0, 96.0])
    for k in range(1, points):
        s = k / (points - 1)
        out = unit((q - centre) / radii**2)
        tangent = unit(flow - out * np.sum(flow * out, -1, keepdims=True))
        step = unit(tangent + n * (0.75 * max(0.0, 1 - 2.2 * s)) + 0.05 * wave(q, 0.7, 26))
        q = q + step * (length / (points - 1))[:, None]
        path.append(q)
    lines = clump(rng, np.stack(path, 1), 900, np.full(count, 0.55))
    lines += np.cumsum(rng.normal(0, 0.05, lines.shape), 1) * np.linspace(0, 1, points)[None, :, None]
    radius = 0.085 * (1 - 0.5 * np.linspace(0, 1, points) ** 1.5)[None] * rng.uniform(0.7, 1.25, (count, 1))
    return lines, radius


def scalp(rng: np.random.Generator, head: Head, count: int, points: int = 12) -> Strands:
    """Short at the sides, longer on top and swept up, back and to one side."""
    p, n = roots(rng, head, count)
    part = -34.0
    top = smoothstep(66, 92, p[:, 1] + 0.10 * np.abs(p[:, 0]) - 10 * smoothstep(50, 66, np.abs(p[:, 0])))
    right = smoothstep(part - 4, part + 4, p[:, 0])
    over = smoothstep(15, 66, p[:, 0])
    ahead = smoothstep(30, 80, p[:, 2])
    across = (0.62 - 0.42 * over) * right - 0.38 * (1 - right)
    upward = (0.30 + 0.25 * ahead - 0.95 * over) * right - 0.36 * (1 - right)
    sweep = np.stack([across, upward, -0.70 + 0.1 * ahead], -1)
    side = np.stack([0.05 * np.sign(p[:, 0]), -np.ones(count), -0.40 * np.ones(count)], -1)
    flow = unit(sweep * top[:, None] + side * (1 - top[:, None]))
    front = smoothstep(20, 80, p[:, 2]) * top
    length = 13 + 8 * top + 17 * top * right + 12 * front * right
    length *= (1 - 0.42 * over * top) * rng.uniform(0.72, 1.08, count)
    lift = 0.42 + 0.03 * top + 0.36 * top * right * (1 - 0.6 * over) + 0.50 * front * right * (1 - 0.8 * over)
    q = p.copy()
    path = [q]
    for k in range(1, points):
        s = k / (points - 1)
        bend = 0.24 * wave(q, 0.7, 30) + 0.10 * wave(q, 2.1, 10)
        tangent = flow - n * np.sum(flow * n, -1, keepdims=True) * 0.6
        step = unit(tangent + n * (lift * (1 - 1.3 * s))[:, None] + bend * (0.25 + 0.75 * top)[:, None])
        q = q + step * (length / (points - 1))[:, None]
        path.append(q)
    lines = np.stack(path, 1)
    lines = clump(rng, lines, 700, 0.45 * top)
    lines += np.cumsum(rng.normal(0, 0.11, lines.shape), 1) * np.linspace(0, 1, points)[None, :, None]
    radius = 0.085 * (1 - 0.65 * np.linspace(0, 1, points) ** 1.5)[None] * rng.uniform(0.7, 1.25, (count, 1))
    return lines, radius


def clump(rng: np.random.Generator, lines: Array, count: int, amount: Array) -> Array:
    """Draw the tips of strands together in locks."""
    chosen = rng.choice(len(lines), count, replace=False)
    nearest: NDArray[np.int64] = np.empty(len(lines), np.int64)
    for start in range(0, len(lines), 4000):
        d = np.linalg.norm(lines[start : start + 4000, None, 0] - lines[chosen][None, :, 0], axis=-1)
        nearest[start : start + 4000] = d.argmin(1)
    guide = lines[chosen][nearest]
    pull = (np.linspace(0, 1, lines.shape[1]) ** 1.4)[None, :, None] * amount[:, None, None]
    return np.asarray(lines * (1 - pull) + guide * pull)


def brows(rng: np.random.Generator, head: Head, count: int = 800, points: int = 6) -> Strands:
    """Two eyebrows, denser below, combed outwards."""
    t = rng.beta(1.4, 1.25, 2 * count)
    sign = np.repeat([-1.0, 1.0], count)
    a = 12.5 + 43 * t
    middle = curve([(0, 17.0), (0.25, 18.5), (0.6, 20.6), (0.78, 20.0), (1.0, 15.4)], t) + 0.5 * sign
    half = curve([(0, 2.6), (0.2, 4.2), (0.6, 3.2), (1.0, 0.9)], t)
    off = np.clip(rng.normal(0, 0.55, 2 * count), -1.15, 1.15)
    x, y = sign * a, middle + off * half
    p, n = surface(head, x, y)
    up = curve([(0, 1.35), (0.3, 0.75), (0.6, 0.15), (1.0, -0.30)], t) - 0.55 * np.clip(off, -1, 1)
    d = unit(np.stack([sign, up, np.zeros_like(t)], -1) + rng.normal(0, 0.13, (2 * count, 3)))
    length = (5.5 + 2.8 * np.sin(np.pi * np.clip(t + 0.1, 0, 1))) * rng.uniform(0.6, 1.1, 2 * count)
    s = np.linspace(0, 1, points)
    d = unit(d - n * np.sum(d * n, -1, keepdims=True))
    rise = 0.35 * np.sin(np.pi * s * 0.7)
    lines = p[:, None] + d[:, None] * (s[None, :, None] * length[:, None, None]) + n[:, None] * rise[None, :, None]
    lines[..., 1] -= 0.10 * (s**2)[None] * length[:, None]
    return lines, 0.085 * (1 - 0.75 * s)[None] * rng.uniform(0.7, 1.2, (2 * count, 1))


def lashes(rng: np.random.Generator, head: Head, points: int = 6) -> Strands:
    """Upper and lower eyelashes."""
    parts, sizes = [], []
    s = np.linspace(0, 1, points)
    for sign in (-1.0, 1.0):
        for is_upper, count, reach in ((True, 150, 6.0), (False, 70, 2.8)):
            t = np.sort(rng.uniform(0.10, 0.98, count))
            a = 17.2 + 29.8 * t
            upper, lower, _ = lid_edges(a)
            y = upper + 0.35 if is_upper else lower - 0.5
            p, _ = surface(head, sign * a, y)
            out = sign * (t - 0.42) * 1.15
            d = np.stack([out, np.full(count, 0.12 if is_upper else -0.45), np.full(count, 0.9)], -1)
            d = unit(d + rng.normal(0, 0.07, d.shape))
            length = reach * (0.55 + 0.5 * t) * rng.uniform(0.7, 1.05, count)
            lines = p[:, None] + d[:, None] * (s[None, :, None] * length[:, None, None])
            lines[..., 1] += (0.42 if is_upper else -0.1) * (s**2)[None] * length[:, None]
            parts.append(lines)
            sizes.append(np.repeat(0.085 * (1 - 0.8 * s)[None], count, 0))
    return np.concatenate(parts), np.concatenate(sizes)


def stubble(rng: np.random.Generator, head: Head, count: int = 13000, points: int = 3) -> Strands:
    """A day's growth of beard, pointing down and outwards."""
    p = head.places[1:-1, 1:-1]
    cell = np.cross(head.places[1:-1, 2:] - head.places[1:-1, :-2], head.places[2:, 1:-1] - head.places[:-2, 1:-1])
    weight = (np.linalg.norm(cell, axis=-1) * beard_area(p[..., 0], p[..., 1]) ** 1.5).ravel()
    chosen = rng.choice(weight.size, count, p=weight / weight.sum())
    root, normal = p.reshape(-1, 3)[chosen], unit(cell).reshape(-1, 3)[chosen]
    root = root + rng.normal(0, 0.12, root.shape) * (1 - np.abs(normal))
    down = np.stack([0.25 * np.sign(root[:, 0]), np.full(count, -1.0), np.zeros(count)], -1)
    down = unit(down + rng.normal(0, 0.35, down.shape))
    d = unit(down - normal * np.sum(down * normal, -1, keepdims=True) + 0.55 * normal)
    length = rng.uniform(0.4, 1.15, count)
    s = np.linspace(0, 1, points)
    lines = root[:, None] + d[:, None] * (s[None, :, None] * length[:, None, None])
    return lines, 0.036 * (1 - 0.5 * s)[None] * rng.uniform(0.7, 1.2, (count, 1))
