"""The packages of the environment against what the base asked for; what cannot be read is not told."""

from mwaa_deploy.checks.package_changes import PackageChanges, compare_packages
from mwaa_deploy.checks.requirements import Installation
from mwaa_deploy.errors import MwaaDeployError
from mwaa_deploy.source.base_files import BaseSource


def packages_of(installation: Installation | None, base: BaseSource | None) -> PackageChanges | None:
    """What differs; None where nothing was installed.

    Args:
        installation: what the check of the requirements found.
        base: gives the requirements file of the base, if it has changed since.
    """
    if installation is None:
        return None
    asked_before = None
    if base is not None:
        try:
            asked_before = base.read_requirements()
        except (MwaaDeployError, OSError):
            asked_before = None  # against the image, then
    return compare_packages(
        installation.before,
        installation.after,
        asked=installation.asked,
        asked_before=asked_before,
        base=base.sha if base else "",
    )
