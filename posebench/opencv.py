"""OpenCV, with a limit on the pixels of a photograph. It reads the limit when it is loaded, so modules import `cv2` from here.

A file of 100 kB can state a photograph that takes gigabytes.
"""

import os

MOST_PIXELS = 2**27
"""Of a photograph: 134 million, 400 MB decoded. Those of datasets have 25 million at most."""

os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(MOST_PIXELS))

import cv2 as cv2  # noqa: E402
