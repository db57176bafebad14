"""Every confirmation, in the order in which they are tried: what is quick comes first."""

from confirm.change_sets import CHANGE_SETS
from confirm.environments import ENVIRONMENTS
from confirm.finding import Confirmation
from confirm.github import GITHUB
from confirm.objects import OBJECTS
from confirm.stacks import STACKS

CONFIRMATIONS: tuple[Confirmation, ...] = (*GITHUB, *OBJECTS, *ENVIRONMENTS, *CHANGE_SETS, *STACKS)
