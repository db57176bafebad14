"""The lab's AWS: ministack, with the resource types, the MWAA control plane and the checks that it lacks."""
