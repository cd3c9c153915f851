# SPDX-License-Identifier: Apache-2.0
"Photographs of mushrooms that were never picked: scenes sampled as data, built with numpy, rendered with Blender's Cycles."
