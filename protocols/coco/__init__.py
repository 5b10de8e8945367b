"""COCO keypoints, OKS average precision."""
