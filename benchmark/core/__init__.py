"""What every package may use: errors, seeds, storage, progress, the device, plug-ins."""
