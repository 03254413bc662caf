"""The scene of the portrait: blender -b --factory-startup -P scene.py -- GEOMETRY.npz OUT.exr WIDTH SAMPLES CROP…"""

import math
import os
import sys

import bpy
import numpy as np
from mathutils import Vector

SCALE = 0.01  # one unit is 10 cm


def place(points):
    """Millimetres (x, y up, z front) to Blender's axes."""
    p = np.asarray(points, float).reshape(-1, 3)
    return np.stack([p[:, 0], -p[:, 2], p[:, 1]], -1) * SCALE


def mesh_object(name, points, faces, material, colours=None, rough=None, smooth=True):
    """A mesh from flat arrays; faces is (n, 4)."""
    mesh = bpy.data.meshes.new(name)
    points = place(points)
    faces = np.asarray(faces, np.int32)
    mesh.vertices.add(len(points))
    mesh.vertices.foreach_set("co", points.ravel().astype(np.float32))
    mesh.loops.add(faces.size)
    mesh.loops.foreach_set("vertex_index", faces.ravel())
    mesh.polygons.add(len(faces))
    mesh.polygons.foreach_set("loop_start", np.arange(len(faces), dtype=np.int32) * faces.shape[1])
    mesh.polygons.foreach_set("loop_total", np.full(len(faces), faces.shape[1], np.int32))
    mesh.polygons.foreach_set("use_smooth", np.full(len(faces), smooth))
    mesh.update(calc_edges=True)
    mesh.validate()
    if colours is not None:
        layer = mesh.attributes.new("tone", "FLOAT_COLOR", "POINT")
        rgba = np.ones((len(points), 4), np.float32)
        rgba[:, :3] = colours.reshape(-1, 3)
        layer.data.foreach_set("color", rgba.ravel())
    if rough is not None:
        mesh.attributes.new("rough", "FLOAT", "POINT").data.foreach_set("value", rough.ravel().astype(np.float32))
    obj = bpy.data.objects.new(name, mesh)
    bpy.context.collection.objects.link(obj)
    mesh.materials.append(material)
    return obj


def grid_faces(rows, columns, wrap=False):
    """Quads of a grid of vertices."""
    i, j = np.meshgrid(np.arange(rows - 1), np.arange(columns if wrap else columns - 1), indexing="ij")
    k = (j + 1) % columns
    return np.stack([i * columns + j, i * columns + k, (i + 1) * columns + k, (i + 1) * columns + j], -1).reshape(-1, 4)


def principled(name, **values):
    """A material with one Principled BSDF."""
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    node = material.node_tree.nodes["Principled BSDF"]
    for key, value in values.items():
        node.inputs[key.replace("_", " ")].default_value = value
    return material, node


def attribute(material, node, name, socket, output="Color"):
    """Feed a mesh attribute into a socket."""
    source = material.node_tree.nodes.new("ShaderNodeAttribute")
    source.attribute_name = name
    material.node_tree.links.new(source.outputs[output], node.inputs[socket])
    return source


def skin_material():
    """Skin with light travelling under it."""
    material, node = principled("skin", Specular=0.42, Subsurface=1.0)
    node.subsurface_method = "RANDOM_WALK"
    node.inputs["Subsurface Radius"].default_value = (0.030, 0.0125, 0.0070)
    attribute(material, node, "tone", "Base Color")
    source = attribute(material, node, "tone", "Subsurface Color")
    attribute(material, node, "rough", "Roughness", "Fac")
    tree = material.node_tree
    texture = tree.nodes.new("ShaderNodeTexNoise")
    texture.inputs["Scale"].default_value = 95
    texture.inputs["Detail"].default_value = 3
    where = tree.nodes.new("ShaderNodeTexCoord")
    tree.links.new(where.outputs["Object"], texture.inputs["Vector"])
    bump = tree.nodes.new("ShaderNodeBump")
    bump.inputs["Strength"].default_value = 0.34
    bump.inputs["Distance"].default_value = 0.006
    tree.links.new(texture.outputs["Fac"], bump.inputs["Height"])
    tree.links.new(bump.outputs["Normal"], node.inputs["Normal"])
    del source
    return material


def hair_material(name, melanin, redness, variation=0.25):
    """Principled hair."""
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    tree = material.node_tree
    tree.nodes.clear()
    out = tree.nodes.new("ShaderNodeOutputMaterial")
    node = tree.nodes.new("ShaderNodeBsdfHairPrincipled")
    node.parametrization = "MELANIN"
    node.inputs["Melanin"].default_value = melanin
    node.inputs["Melanin Redness"].default_value = redness
    node.inputs["Roughness"].default_value = 0.34
    node.inputs["Radial Roughness"].default_value = 0.45
    node.inputs["Random Color"].default_value = variation
    node.inputs["Random Roughness"].default_value = 0.3
    tree.links.new(node.outputs[0], out.inputs[0])
    return material


def strand_object(name, lines, radius, material):
    """Strands as Cycles hair curves, by way of a node group that turns edges into curves."""
    count, points = lines.shape[:2]
    mesh = bpy.data.meshes.new(name)
    mesh.vertices.add(count * points)
    mesh.vertices.foreach_set("co", place(lines).ravel().astype(np.float32))
    index = np.arange(count * points).reshape(count, points)
    edges = np.stack([index[:, :-1], index[:, 1:]], -1).reshape(-1, 2)
    mesh.edges.add(len(edges))
    mesh.edges.foreach_set("vertices", edges.ravel().astype(np.int32))
    mesh.attributes.new("size", "FLOAT", "POINT").data.foreach_set("value", (radius * SCALE).ravel().astype(np.float32))
    source = bpy.data.objects.new(name + ".edges", mesh)
    bpy.context.collection.objects.link(source)
    source.hide_render = True
    # Only an object of hair curves is rendered as hair; its geometry comes from the edges of the other object.
    obj = bpy.data.objects.new(name, bpy.data.hair_curves.new(name))
    bpy.context.collection.objects.link(obj)
    group = bpy.data.node_groups.new(name, "GeometryNodeTree")
    group.inputs.new("NodeSocketGeometry", "in")
    group.outputs.new("NodeSocketGeometry", "out")
    last = group.nodes.new("NodeGroupOutput")
    first = group.nodes.new("GeometryNodeObjectInfo")
    first.inputs["Object"].default_value = source
    chain = group.nodes.new("GeometryNodeMeshToCurve")
    size = group.nodes.new("GeometryNodeSetCurveRadius")
    paint = group.nodes.new("GeometryNodeSetMaterial")
    paint.inputs["Material"].default_value = material
    named = group.nodes.new("GeometryNodeInputNamedAttribute")
    named.data_type = "FLOAT"
    named.inputs["Name"].default_value = "size"
    value = next(o for o in named.outputs if o.type == "VALUE")
    group.links.new(first.outputs["Geometry"], chain.inputs["Mesh"])
    group.links.new(chain.outputs[0], size.inputs[0])
    group.links.new(value, size.inputs["Radius"])
    group.links.new(size.outputs[0], paint.inputs[0])
    group.links.new(paint.outputs[0], last.inputs[0])
    obj.modifiers.new("curves", "NODES").node_group = group
    return obj


def eye_material():
    """White, iris and pupil by the angle from the eye's axis (the object's -Y), under a wet coat."""
    material, node = principled("eye", Roughness=0.04, Specular=0.7)
    attribute(material, node, "tone", "Base Color")
    return material


def eye_object(x, y, z, radius, material, turn, tint):
    """An eyeball whose points carry the colour of white, iris and pupil."""
    rings, around = 220, 260
    polar = np.linspace(0, np.pi, rings) ** 1.0
    polar = (np.linspace(0, 1, rings) ** 1.7) * np.pi
    t, f = np.meshgrid(polar, np.linspace(0, 2 * np.pi, around, endpoint=False), indexing="ij")
    iris = math.asin(6.25 / radius)
    pupil = iris * 0.43
    r = radius + 0.55 * np.exp(-((t / (iris * 0.85)) ** 4))
    p = np.stack([r * np.sin(t) * np.cos(f), r * np.sin(t) * np.sin(f), r * np.cos(t)], -1)
    rng = np.random.default_rng(40)
    spokes = np.zeros(around)
    for k in range(9, 60):
        spokes += rng.normal() / k**0.35 * np.cos(k * f[0] + rng.uniform(0, 6.28))
    spokes = spokes / spokes.std()
    q = np.clip((t - pupil) / (iris - pupil), 0, 1)
    inner, outer = np.array([0.085, 0.038, 0.013]), np.array([0.034, 0.018, 0.009])
    c = inner + (outer - inner) * q[..., None] ** 0.8
    c = c * (1 + 0.26 * spokes[None, :, None] * np.sin(np.pi * q)[..., None])
    # Light gathers in the iris on the side away from the lamp.
    c = c * (1 + 0.9 * np.clip(-np.sin(f - 0.5), 0, 1)[..., None] * np.sin(np.pi * q)[..., None])

    def step(a, b, v):
        s = np.clip((v - a) / (b - a), 0, 1)
        return (s * s * (3 - 2 * s))[..., None]

    c = c * tint
    limbus = step(0.74, 1.0, q)
    c = c * (1 - 0.80 * limbus)
    white = (
        np.array([0.43, 0.375, 0.350])
        * (1 - 0.22 * step(iris * 1.2, 1.35, t))
        * np.array([1, 0.95, 0.92]) ** step(0.7, 1.3, t)
    )
    c = c + (white - c) * step(iris * 0.955, iris * 1.075, t)
    c = c + (np.array([0.004, 0.004, 0.004]) - c) * step(pupil * 1.07, pupil * 0.94, t)
    a = turn
    p = np.stack(
        [
            p[..., 0] * math.cos(a) + p[..., 2] * math.sin(a),
            p[..., 1],
            -p[..., 0] * math.sin(a) + p[..., 2] * math.cos(a),
        ],
        -1,
    )
    return mesh_object("eye", p.reshape(-1, 3) + np.array((x, y, z)), grid_faces(rings, around, True), material, c)


def head_objects(data, material):
    """The relief with turned-in edges, and a skull behind it that stops light."""
    p, c, r = data["places"], data["colours"], data["roughness"]
    rows, columns = p.shape[:2]

    # The back of the head closes the relief, so that light under the skin stays inside.
    y = p[:, 0, 1]
    depth = np.interp(y, [-119, -100, -75, -40, 0, 60, 100, 118], [22, 32, 44, 58, 78, 80, 55, 8])
    turns = np.linspace(0, np.pi, 34)[1:-1]
    right = p[:, -1]
    back = np.stack([np.stack([right[:, 0] * np.cos(f), y, right[:, 2] - depth * np.sin(f)], -1) for f in turns], 1)
    full = np.concatenate([p, back], 1)
    n = back.shape[1]
    colour = np.concatenate([c, np.repeat(c[:, -1:], n, 1)], 1)
    rough = np.concatenate([r, np.repeat(r[:, -1:], n, 1)], 1)
    mesh_object("face", full, grid_faces(rows, columns + n, True), material, colour, rough)
    skull, _ = principled("skull", Roughness=0.9)
    skull.node_tree.nodes["Principled BSDF"].inputs["Base Color"].default_value = (0.012, 0.008, 0.006, 1)
    t, f = np.meshgrid(np.linspace(0, np.pi, 90), np.linspace(0, 2 * np.pi, 120, endpoint=False), indexing="ij")
    ball = np.stack([70 * np.sin(t) * np.cos(f), 40 + 75 * np.cos(t), -12 + 78 * np.sin(t) * np.sin(f)], -1)
    mesh_object("skull", ball, grid_faces(90, 120, True), skull)


def ear_objects(material):
    """Two ears of tubes and an egg, melted into one skin."""
    for sign in (-1, 1):
        bpy.ops.object.select_all(action="DESELECT")
        parts = []
        helix = [
            (66, -8, 10),
            (68, 2, 14),
            (72, 12, 10),
            (77, 16, 2),
            (81.5, 11, -5),
            (82, -3, -8),
            (79.5, -17, -4),
            (75, -28, 3),
        ]
        anti = [(71, 7, 8), (75, 6, 2), (77, -3, 0), (75.5, -14, 2), (73, -22, 6)]
        for path, size in ((helix, 3.0), (anti, 2.6)):
            data = bpy.data.curves.new("tube", "CURVE")
            data.dimensions = "3D"
            data.bevel_depth = size * SCALE
            data.bevel_resolution = 5
            data.use_fill_caps = True
            spline = data.splines.new("NURBS")
            spline.points.add(len(path) - 1)
            spline.use_endpoint_u = True
            spline.order_u = 4
            for point, (x, y, z) in zip(spline.points, path, strict=True):
                point.co = (*place([(sign * x, y, z)])[0], 1)
            obj = bpy.data.objects.new("tube", data)
            bpy.context.collection.objects.link(obj)
            parts.append(obj)
        for (x, y, z), (a, b, c) in (
            ((72.5, -30, 6), (4.2, 8.5, 4.5)),
            ((71.5, -4, -3), (7.5, 20, 5)),
            ((68.5, -13, 13), (2.5, 5, 3)),
        ):
            bpy.ops.mesh.primitive_uv_sphere_add(segments=48, ring_count=32, location=place([(sign * x, y, z)])[0])
            ball = bpy.context.object
            ball.scale = (a * SCALE, c * SCALE, b * SCALE)
            parts.append(ball)
        bpy.ops.object.select_all(action="DESELECT")
        for obj in parts:
            obj.select_set(True)
        bpy.context.view_layer.objects.active = parts[-1]
        bpy.ops.object.convert(target="MESH")
        bpy.ops.object.join()
        ear = bpy.context.object
        bpy.ops.object.transform_apply(location=True, rotation=True, scale=True)
        remesh = ear.modifiers.new("melt", "REMESH")
        remesh.mode = "VOXEL"
        remesh.voxel_size = 0.7 * SCALE
        remesh.use_smooth_shade = True
        soft = ear.modifiers.new("soft", "SMOOTH")
        soft.factor = 0.5
        soft.iterations = 8
        ear.data.materials.clear()
        ear.data.materials.append(material)


def ring(width, depth, y, z, around, power=2.2):
    """One closed superellipse, seen from above."""
    f = np.linspace(0, 2 * np.pi, around, endpoint=False)
    c, s = np.cos(f), np.sin(f)
    e = 2 / power
    return np.stack(
        [width * np.sign(c) * np.abs(c) ** e, np.full(around, y), z + depth * np.sign(s) * np.abs(s) ** e], -1
    )


def neck_object(material, build, tint, beard):
    """The neck: rings, with the two muscles that run to the breastbone and a hint of the larynx."""
    rows, around = 160, 320
    y = np.linspace(-40, -215, rows)
    loops = []
    for value in y:
        t = (-40 - value) / 175
        width = 51.5 + 2 * t + 16 * max(0, t - 0.6) ** 1.5
        loops.append(ring(width, 52, value, -18 + 24 * t, around, 2.1))
    p = np.array(loops)
    t = np.repeat(((-40 - y) / 175)[:, None], around, 1)
    a = np.abs(p[..., 0])
    front = np.clip(p[..., 2] / 30, 0, 1)
    muscle = 44 - 34 * np.clip((t - 0.35) / 0.6, 0, 1)
    p[..., 2] += front * (2.3 * np.exp(-(((a - muscle) / 9) ** 2)) - 2.2 * np.exp(-(((a - muscle + 14) / 9) ** 2)))
    p[..., 2] += beard * front * 5.0 * np.exp(-((a / 8) ** 2) - ((t - 0.60) / 0.10) ** 2)
    p[..., 2] -= front * 3.5 * np.exp(-((a / 11) ** 2) - ((t - 0.93) / 0.09) ** 2)
    colour = np.ones((rows, around, 3)) * (0.53, 0.275, 0.178)
    shaved = np.exp(-(((t - 0.40) / 0.2) ** 2)) * 0.22 * beard
    colour = colour * (1 - shaved[..., None]) + np.array((0.22, 0.13, 0.105)) * shaved[..., None]
    p[..., 0] *= build
    colour = colour * tint
    mesh_object("neck", p, grid_faces(rows, around, True), material, colour, np.full((rows, around), 0.5))


def knit(name, colour, scale):
    """Wool: a fuzzy sheen over a small rib."""
    material, node = principled(name, Roughness=0.85, Specular=0.2, Sheen=0.6)
    node.inputs["Base Color"].default_value = (*colour, 1)
    tree = material.node_tree
    texture = tree.nodes.new("ShaderNodeTexNoise")
    texture.inputs["Scale"].default_value = scale
    texture.inputs["Detail"].default_value = 6
    where = tree.nodes.new("ShaderNodeTexCoord")
    tree.links.new(where.outputs["Object"], texture.inputs["Vector"])
    bump = tree.nodes.new("ShaderNodeBump")
    bump.inputs["Strength"].default_value = 0.5
    bump.inputs["Distance"].default_value = 0.01
    tree.links.new(texture.outputs["Fac"], bump.inputs["Height"])
    tree.links.new(bump.outputs["Normal"], node.inputs["Normal"])
    return material


def neckline(f, drop, rise):
    """Height of a collar round the neck: low in front, high behind."""
    return -drop * np.clip(np.sin(f), 0, 1) ** 1.3 + rise * np.clip(-np.sin(f), 0, 1)


def clothes(jumper, shirt, build):
    """A jumper over a shirt, of which the collar shows."""
    around = 1400
    f = np.linspace(0, 2 * np.pi, around, endpoint=False)
    wool, cotton = knit("wool", jumper, 60), knit("cotton", shirt, 90)
    stations = [
        # y, half width, depth, z
        (-151, 62, 57, 2), (-154, 67, 61, 2), (-160, 79, 66, 3), (-169, 102, 71, 3), (-181, 132, 77, 0),
        (-194, 163, 82, -3), (-210, 190, 87, -6), (-236, 210, 94, -8), (-280, 220, 102, -8), (-400, 226, 112, -8),
    ]  # fmt: skip
    s = np.array(stations, float)
    rows = 420
    t = np.linspace(0, len(s) - 1, rows)
    values = [np.interp(t, np.arange(len(s)), s[:, k]) for k in range(4)]
    kernel = np.hanning(61)
    kernel /= kernel.sum()
    values = [np.convolve(np.pad(v, 30, "edge"), kernel, "valid") for v in values]
    near = np.exp(-((t / 2.4) ** 2))[:, None]
    p = np.array([ring(values[1][i], values[2][i], values[0][i], values[3][i], around, 2.15) for i in range(rows)])
    p[..., 1] += near * neckline(f, 26, 16)[None]
    # Knitted ribs run down from the collar; folds lie across the shoulders.
    out = np.stack([np.cos(f), np.zeros_like(f), np.sin(f)], -1)[None]
    ribs = 0.55 * np.sin(f * 230)[None] * (1 - 0.0 * t[:, None])
    p = p + out * ribs[..., None]
    x, y = p[..., 0], p[..., 1]
    folds = 2.6 * np.sin(x / 19 + y / 13 + 2.0 * np.sin(y / 37)) * np.exp(-(((np.abs(x) - 120) / 45) ** 2))
    folds += 1.6 * np.sin(x / 33 - y / 21) * np.clip(t[:, None] / 4 - 0.6, 0, 1)
    p[..., 1] += folds * 0.7
    p[..., 2] += folds
    p[..., 0] *= build
    mesh_object("jumper", p, grid_faces(rows, around, True), wool)
    for width, depth, height, half, thick, material in (
        (64.5, 58, -150.5, 6.5, 3.6, wool),
        (58.5, 53, -144.5, 5.5, 2.0, cotton),
    ):
        loop = []
        for g in np.linspace(0, 2 * np.pi, 64, endpoint=False):
            grow, up = thick * np.cos(g), half * np.sin(g)
            q = ring(width + grow - 0.18 * up, depth + grow - 0.18 * up, height + up, 2, around, 2.15)
            q[:, 1] += neckline(f, 26, 16)
            q = (
                q
                + out[0] * (0.5 if material is wool else 0.16) * np.sin(f * (260 if material is wool else 420))[:, None]
            )
            q[:, 0] *= build
            loop.append(q)
        loop.append(loop[0])
        mesh_object("collar", np.array(loop), grid_faces(65, around, True), material)


def turn_head(objects, turn, tilt):
    """Turn and tilt the head's objects over the neck (degrees); shoulders and neck stay."""
    pivot = bpy.data.objects.new("pivot", None)
    bpy.context.collection.objects.link(pivot)
    pivot.location = place([(0, -90, 0)])[0]
    bpy.context.view_layer.update()
    for obj in objects:
        obj.parent = pivot
        obj.matrix_parent_inverse = pivot.matrix_world.inverted()
    pivot.rotation_euler = (0, math.radians(tilt), math.radians(turn))


def lamp(name, at, to, size, power, colour=(1, 1, 1)):
    """A square softbox; at and to in mm."""
    data = bpy.data.lights.new(name, "AREA")
    data.size = size * SCALE
    data.energy = power
    data.color = colour
    obj = bpy.data.objects.new(name, data)
    bpy.context.collection.objects.link(obj)
    a, b = Vector(place([at])[0]), Vector(place([to])[0])
    obj.location = a
    obj.rotation_euler = (b - a).to_track_quat("-Z", "Y").to_euler()


def stage(width, height, samples, out, frame, centre):
    """Camera, lamps, world and render settings; `frame` is the height that is seen, `centre` its middle (mm)."""
    scene = bpy.context.scene
    camera = bpy.data.cameras.new("camera")
    camera.sensor_fit = "VERTICAL"
    camera.sensor_height = 24
    obj = bpy.data.objects.new("camera", camera)
    bpy.context.collection.objects.link(obj)
    distance = 1500
    camera.lens = 24 * (distance - 70) / frame
    a, b = Vector(place([(0, centre, distance)])[0]), Vector(place([(0, centre, 0)])[0])
    obj.location = a
    obj.rotation_euler = (b - a).to_track_quat("-Z", "Y").to_euler()
    scene.camera = obj
    lamp("key", (-560, 420, 760), (0, -20, 60), 460, 1350, (1.0, 0.955, 0.90))
    lamp("fill", (800, 60, 700), (0, -30, 40), 800, 150, (0.90, 0.96, 1.0))
    world = bpy.data.worlds.new("world")
    scene.world = world
    world.use_nodes = True
    world.node_tree.nodes["Background"].inputs[0].default_value = (0.62, 0.64, 0.63, 1)
    world.node_tree.nodes["Background"].inputs[1].default_value = 0.16
    scene.render.engine = "CYCLES"
    cycles = scene.cycles
    cycles.samples = samples
    cycles.use_denoising = False
    cycles.use_adaptive_sampling = True
    cycles.adaptive_threshold = 0.008
    cycles.max_bounces = 8
    cycles.transparent_max_bounces = 4
    cycles.sample_clamp_indirect = 3
    cycles.sample_clamp_direct = 12
    cycles.seed = 7
    cycles.pixel_filter_type = "BLACKMAN_HARRIS"
    scene.cycles_curves.shape = "RIBBONS"
    scene.render.film_transparent = True
    scene.render.resolution_x, scene.render.resolution_y = width, height
    scene.render.resolution_percentage = 100
    scene.render.image_settings.file_format = "OPEN_EXR"
    scene.render.image_settings.color_depth = "32"
    scene.render.image_settings.color_mode = "RGBA"
    scene.render.filepath = out
    guides(scene, out)


def guides(scene, out):
    """Also write the albedo and the normals, which guide the denoising: OUT-albedo0001.exr, OUT-normal0001.exr."""
    bpy.context.view_layer.cycles.denoising_store_passes = True
    scene.use_nodes = True
    tree = scene.node_tree
    tree.nodes.clear()
    layers = tree.nodes.new("CompositorNodeRLayers")
    final = tree.nodes.new("CompositorNodeComposite")
    tree.links.new(layers.outputs["Image"], final.inputs["Image"])
    tree.links.new(layers.outputs["Alpha"], final.inputs["Alpha"])
    files = tree.nodes.new("CompositorNodeOutputFile")
    folder, name = os.path.split(out)
    files.base_path = folder
    files.format.file_format = "OPEN_EXR"
    files.format.color_depth = "32"
    files.file_slots.clear()
    for label, output in (("albedo", "Denoising Albedo"), ("normal", "Denoising Normal")):
        files.file_slots.new(name.replace(".exr", f"-{label}"))
        tree.links.new(layers.outputs[output], files.inputs[-1])


def main():
    """Build and render."""
    source, out, width, samples, *crop = sys.argv[sys.argv.index("--") + 1 :]
    bpy.ops.wm.read_factory_settings(use_empty=True)
    data = np.load(source)
    turn, tilt, build, beard = (float(value) for value in data["person"])
    skin = skin_material()
    head_objects(data, skin)
    plain, _ = principled("ear", Specular=0.4, Subsurface=1.0, Roughness=0.5)
    node = plain.node_tree.nodes["Principled BSDF"]
    node.inputs["Subsurface Radius"].default_value = (0.040, 0.014, 0.008)
    node.inputs["Base Color"].default_value = node.inputs["Subsurface Color"].default_value = (
        *(np.array([0.56, 0.25, 0.165]) * data["skin"]),
        1,
    )
    ear_objects(plain)
    ball = eye_material()
    for sign in (-1, 1):
        eye_object(
            sign * float(data["eye"][0]),
            float(data["eye"][1]),
            float(data["eye"][2]),
            float(data["eye"][3]),
            ball,
            sign * -0.012 - math.radians(turn),
            data["iris"],
        )
    strand_object("hair", data["scalp"], data["scalp_radius"], hair_material("hair", *(float(value) for value in data["pigment"])))
    strand_object("brows", data["brows"], data["brows_radius"], hair_material("brows", 0.86, 0.35))
    if "stubble" in data:
        bristle, node = principled("bristle", Roughness=0.5, Specular=0.3)
        node.inputs["Base Color"].default_value = (0.030, 0.018, 0.012, 1)
        strand_object("stubble", data["stubble"], data["stubble_radius"], bristle)
    # Plain black renders with less noise than hair that lets light through, and lashes let none.
    lash, node = principled("lash", Roughness=0.6, Specular=0.2)
    node.inputs["Base Color"].default_value = (0.012, 0.008, 0.006, 1)
    strand_object("lashes", data["lashes"], data["lashes_radius"], lash)
    head_turn = list(bpy.context.scene.objects)
    neck_object(skin, build, data["skin"], beard)
    turn_head(head_turn, turn, tilt)
    clothes(tuple(data["jumper"]), tuple(data["shirt"]), build)
    frame, centre, aspect = (float(value) for value in data["view"])
    stage(int(width), round(int(width) * aspect), int(samples), out, frame, centre)
    render = bpy.context.scene.render
    render.border_min_x, render.border_min_y, render.border_max_x, render.border_max_y = map(float, crop)
    render.use_border = render.use_crop_to_border = True
    bpy.ops.render.render(write_still=True)


main()
