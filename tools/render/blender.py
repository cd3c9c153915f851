# SPDX-License-Identifier: GPL-3.0-or-later
"The only file that imports Blender (bpy, GPL-3.0-or-later): meshes, light and camera to a PNG and index passes by Cycles."

from pathlib import Path

import bpy
import numpy as np
from mathutils import Matrix, Vector

from .mesh import PARTS

RENDERER = f"bpy {bpy.app.version_string.split()[0]}, Cycles"
_materials = {}


def clear(size, spp):
    "An empty file, set up to render squares of `size` pixels with `spp` samples on one thread."
    bpy.ops.wm.read_factory_settings(use_empty=True)
    _materials.clear()
    s = bpy.context.scene
    s.render.engine = "CYCLES"
    c = s.cycles
    c.device, c.samples, c.seed = "CPU", spp, 1
    c.use_adaptive_sampling, c.adaptive_threshold = True, 0.02
    c.use_denoising, c.denoiser = True, "OPENIMAGEDENOISE"
    c.max_bounces, c.diffuse_bounces, c.transmission_bounces = 4, 2, 3
    s.render.use_persistent_data = True
    c.sample_clamp_indirect = 5
    c.caustics_reflective = c.caustics_refractive = False
    s.render.threads_mode, s.render.threads = "FIXED", 1
    s.render.resolution_x = s.render.resolution_y = size
    s.render.resolution_percentage = 100
    s.view_settings.view_transform, s.view_settings.look = "AgX", "AgX - High Contrast"
    s.render.image_settings.file_format = "PNG"
    index_passes(s)


def index_passes(s):
    "Have every render also write which individual (object index) and which part (material index) each pixel shows."
    layer = s.view_layers[0]
    layer.use_pass_object_index = layer.use_pass_material_index = True
    s.use_nodes = True
    nodes, link = s.node_tree.nodes, s.node_tree.links.new
    nodes.clear()
    layers, picture, files = (nodes.new(f"CompositorNode{k}") for k in ("RLayers", "Composite", "OutputFile"))
    link(layers.outputs["Image"], picture.inputs["Image"])
    files.name = "indices"
    files.format.file_format, files.format.color_depth = "OPEN_EXR", "32"
    files.file_slots.clear()
    for name in ("IndexOB", "IndexMA"):
        files.file_slots.new(name)
        link(layers.outputs[name], files.inputs[name])


def read_index(path):
    "The whole numbers (h, w), top row first, in an index pass's file."
    image = bpy.data.images.load(str(path))
    image.colorspace_settings.name = "Non-Color"
    w, h = image.size
    px = np.empty(w * h * 4, np.float32)
    image.pixels.foreach_get(px)
    bpy.data.images.remove(image)
    return np.rint(px.reshape(h, w, 4)[::-1, :, 0]).astype(int)


def material(kind, m, part=None):
    "A Principled material for a mesh's settings; equal settings and parts share one."
    key = (kind, part, tuple(sorted((k, round(float(v), 2)) for k, v in m.items())))
    if key not in _materials:
        _materials[key] = new_material(kind, m)
        _materials[key].pass_index = 0 if part is None else PARTS.index(part) + 1
    return _materials[key]


def new_material(kind, m):
    "Vertex colour, fine mottling and bump, optional scattering below the surface, clear coat and translucency."
    mt = bpy.data.materials.new(kind)
    mt.use_nodes = True
    nodes, link = mt.node_tree.nodes, mt.node_tree.links.new
    skin = nodes["Principled BSDF"]
    vertex = nodes.new("ShaderNodeVertexColor")
    vertex.layer_name = "colour"
    colour = vertex.outputs["Color"]
    if m.get("bump", 0) > 0:
        colour = mottle(nodes, link, skin, colour, m)
    link(colour, skin.inputs["Base Color"])
    skin.inputs["Roughness"].default_value = m.get("rough", 0.6)
    skin.inputs["Specular IOR Level"].default_value = 0.4
    if m.get("sss", 0):
        skin.inputs["Subsurface Weight"].default_value = m["sss"]
        skin.inputs["Subsurface Radius"].default_value = (1, 0.55, 0.35)
        skin.inputs["Subsurface Scale"].default_value = m["sssr"]
    if m.get("coat", 0) > 0.02:
        skin.inputs["Coat Weight"].default_value = m["coat"]
        skin.inputs["Coat Roughness"].default_value = 0.08
    if m.get("trans", 0):
        thin, both = nodes.new("ShaderNodeBsdfTranslucent"), nodes.new("ShaderNodeMixShader")
        link(colour, thin.inputs["Color"])
        both.inputs[0].default_value = m["trans"]
        link(skin.outputs[0], both.inputs[1])
        link(thin.outputs[0], both.inputs[2])
        link(both.outputs[0], nodes["Material Output"].inputs["Surface"])
    return mt


def mottle(nodes, link, skin, colour, m):
    "Fine noise on `colour` and as bump on `skin`; returns the new colour socket."
    where, grain = nodes.new("ShaderNodeTexCoord").outputs["Object"], nodes.new("ShaderNodeTexNoise")
    grain.inputs["Scale"].default_value = m.get("bscale", 20) * 1.6
    grain.inputs["Detail"].default_value = 4
    link(where, grain.inputs["Vector"])
    span, scaled = nodes.new("ShaderNodeMapRange"), nodes.new("ShaderNodeVectorMath")
    span.inputs["To Min"].default_value, span.inputs["To Max"].default_value = 0.78, 1.2
    link(grain.outputs["Fac"], span.inputs["Value"])
    scaled.operation = "SCALE"
    link(colour, scaled.inputs[0])
    link(span.outputs["Result"], scaled.inputs["Scale"])
    bump = nodes.new("ShaderNodeBump")
    bump.inputs["Strength"].default_value, bump.inputs["Distance"].default_value = min(1, m["bump"]), 0.02
    if m.get("cells"):
        holes = nodes.new("ShaderNodeTexVoronoi")
        holes.inputs["Scale"].default_value = 55
        link(where, holes.inputs["Vector"])
        link(holes.outputs["Distance"], bump.inputs["Height"])
        bump.invert = True
    else:
        link(grain.outputs["Fac"], bump.inputs["Height"])
    link(bump.outputs["Normal"], skin.inputs["Normal"])
    return scaled.outputs["Vector"]


def add_mesh(m, individual=0):
    "A mesh of ours as an object in Blender's scene; `individual`: the number, from 1, of the mushroom it belongs to."
    me = bpy.data.meshes.new(m.kind)
    v, f, n = m.v.astype(np.float32), m.f.astype(np.int32), len(m.f)
    me.vertices.add(len(v))
    me.vertices.foreach_set("co", v.ravel())
    me.loops.add(4 * n)
    me.loops.foreach_set("vertex_index", f.ravel())
    me.polygons.add(n)
    me.polygons.foreach_set("loop_start", np.arange(0, 4 * n, 4, dtype=np.int32))
    me.update(calc_edges=False)
    me.shade_smooth()
    c = np.ones((len(v), 4), np.float32)
    c[:, :3] = m.colour
    me.color_attributes.new("colour", "FLOAT_COLOR", "POINT").data.foreach_set("color", c.ravel())
    o = bpy.data.objects.new(m.kind, me)
    o.visible_shadow = bool(m.material.get("shadow", 1))
    bpy.context.collection.objects.link(o)
    o.pass_index = individual
    if isinstance(m.part, np.ndarray):
        for part in PARTS:
            me.materials.append(material(m.kind, m.material, part))
        me.polygons.foreach_set("material_index", m.part.astype(np.int32))
    else:
        me.materials.append(material(m.kind, m.material, m.part))
    return o


def add_light(sun, sky):
    "The sun and the sky."
    lamp = bpy.data.lights.new("sun", "SUN")
    lamp.energy, lamp.angle, lamp.color = sun["strength"], sun["size"], sun["colour"]
    o = bpy.data.objects.new("sun", lamp)
    o.rotation_euler = Vector(sun["towards"]).to_track_quat("Z", "Y").to_euler()
    bpy.context.collection.objects.link(o)
    picture, strength = sky
    h, w = picture.shape[:2]
    image = bpy.data.images.new("sky", w, h, float_buffer=True)
    px = np.ones((h, w, 4), np.float32)
    px[..., :3] = picture[::-1]
    image.pixels.foreach_set(px.ravel())
    world = bpy.data.worlds.new("sky")
    bpy.context.scene.world = world
    world.use_nodes = True
    nodes = world.node_tree.nodes
    texture = nodes.new("ShaderNodeTexEnvironment")
    texture.image = image
    world.node_tree.links.new(texture.outputs[0], nodes["Background"].inputs[0])
    nodes["Background"].inputs[1].default_value = strength


def open_scene(groups, rest, sun, sky, size=256, spp=16):
    "Build a place in Blender, ready for `shoot`. `groups`: the meshes of each mushroom; `rest`: all others."
    clear(size, spp)
    for k, group in enumerate(groups):
        for m in group:
            add_mesh(m, k + 1)
    for m in rest:
        add_mesh(m)
    add_light(sun, sky)


def add_camera(camera):
    "The camera's object, set as `camera` (see `light.pose`) says."
    s = bpy.context.scene
    data = bpy.data.cameras.new("camera")
    o = bpy.data.objects.new("camera", data)
    s.collection.objects.link(o)
    s.camera = o
    at, look = Vector(camera["at"]), Vector(camera["look"])
    turn = (look - at).to_track_quat("-Z", "Y").to_matrix().to_4x4()
    o.matrix_world = Matrix.Translation(at) @ turn @ Matrix.Rotation(camera["roll"], 4, "Z")
    data.sensor_width, data.lens, data.clip_start, data.clip_end = 36, camera["lens"], 0.01, 500
    data.dof.use_dof = True
    data.dof.focus_distance, data.dof.aperture_fstop, data.dof.aperture_blades = camera["focus"], camera["f"] / 10, 7
    s.view_settings.exposure = camera["exposure"]
    return o


def add_flash(camera):
    "A flash beside the lens."
    lamp = bpy.data.lights.new("flash", "POINT")
    lamp.energy, lamp.shadow_soft_size = camera["flash"], 0.12
    o = bpy.data.objects.new("flash", lamp)
    o.location = Vector(camera["at"]) + Vector((0.0, 0.0, 0.35))
    bpy.context.scene.collection.objects.link(o)
    return o


def shoot(camera, folder, extra=()):
    """Render the open scene, with the meshes `extra` in it for this once, through `camera` to `folder`/shot.png. Returns two
    arrays (size, size) of whole numbers: which individual each pixel shows, from 1 (0: none), and which of `PARTS`, from 1."""
    s, folder = bpy.context.scene, Path(folder)
    guests = [add_camera(camera)] + ([add_flash(camera)] if camera["flash"] else []) + [add_mesh(m) for m in extra]
    s.node_tree.nodes["indices"].base_path = str(folder)
    s.render.filepath = str(folder / "shot.png")
    bpy.ops.render.render(write_still=True)
    for o in guests:
        bpy.data.objects.remove(o)
    individual, part = (read_index(next(folder.glob(f"{name}*.exr"))) for name in ("IndexOB", "IndexMA"))
    return individual, np.where(individual > 0, part, 0)
