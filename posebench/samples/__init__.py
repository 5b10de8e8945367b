"""From a person to a batch: photographs, crops, augmentation, loader, packs."""
