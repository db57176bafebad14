"""The tests. A regular package, because actions-toolkit installs one of the same name that would be found instead."""
