"""PoseTrack: people in videos, average precision of keypoints and MOTA."""
