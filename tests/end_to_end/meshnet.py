"""Runs MeshNet with the test data's own runner, in a Python that has torch.

usage: meshnet.py MODELS_FOLDER NAME IMAGE LABEL. The runner's main does not go with NumPy 2 (its
quantiles turn the image into doubles), so its parts are called.
"""
import sys

import nibabel
import numpy as np
import torch

models, name, image_file, label_file = sys.argv[1:]
sys.path.insert(0, models)
import reference_runner  # noqa: E402

layers, weights = reference_runner.load(f"{models}/{name}/model.json", f"{models}/{name}/model.pth")
image = nibabel.load(image_file)
values = np.asarray(image.dataobj, np.float32)
low, high = np.quantile(values, [0.02, 0.98]).astype(np.float32)
scaled = torch.from_numpy(np.clip((values - low) / (high - low), 0, 1))
nibabel.save(nibabel.Nifti1Image(reference_runner.run(layers, weights, scaled[None, None]), image.affine),
             label_file)
