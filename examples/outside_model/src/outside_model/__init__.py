"""EfficientPose in TensorFlow Lite, scored by posebench: a template for a network in any runtime.

`network.py` is about the network: its runtime, its pixels, its keypoints. `command.py` is about posebench.
"""
