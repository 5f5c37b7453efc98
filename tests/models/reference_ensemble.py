"""nnU-Net's own ensemble of predictions that reference_nnunet.py has made, as the judge of a package."""

import json
import tempfile
from pathlib import Path


def run(training, predictions, out, postprocessing=None):
    """What `nnUNetv2_ensemble` does with the predictions' probabilities; OUT gets the same two files.

    @param training     folder with the plans and the labels' names, those of the first as nnU-Net takes them
    @param predictions  folders of labels.nii.gz and probabilities.nii.gz, of the same image
    """
    import nibabel
    import numpy as np
    from nnunetv2.ensembling.ensemble import average_probabilities
    from nnunetv2.utilities.plans_handling.plans_handler import PlansManager
    from reference_nnunet import postprocessed

    manager = PlansManager(json.loads((training / "plans.json").read_text())).get_label_manager(
        json.loads((training / "dataset.json").read_text()))
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        files = []
        for index, folder in enumerate(predictions):
            image = nibabel.load(folder / "probabilities.nii.gz")
            files.append(str(Path(work) / f"{index}.npz"))
            np.savez(files[-1], probabilities=np.moveaxis(np.asarray(image.dataobj), -1, 0))
        mean = average_probabilities(files)
    values = manager.convert_probabilities_to_segmentation(mean).astype(np.uint8)
    if postprocessing is not None:
        values = postprocessed(values, postprocessing)
    nibabel.save(nibabel.Nifti1Image(values, image.affine), out / "labels.nii.gz")
    nibabel.save(nibabel.Nifti1Image(np.moveaxis(mean, 0, -1), image.affine), out / "probabilities.nii.gz")
