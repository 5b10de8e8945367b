"""Predicting people of a dataset, of photographs and of videos; fast ways of running a network; ONNX."""
