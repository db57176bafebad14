"""An ECR that keeps its repositories in memory."""

from collections.abc import Mapping

from mwaa_deploy.ports import RegistryLogin
from tests.fakes.failures import Knobs


class FakeEcr(Knobs):
    """Fills the Ecr port.

    Attributes:
        registry: host and port that its logins are for.
        password: in its logins.
        repositories: tags by name.
    """

    def __init__(self, registry: str, password: str = "a-password-of-ecr") -> None:  # noqa: S107
        super().__init__()
        self.registry = registry
        self.password = password
        self.repositories: dict[str, dict[str, str]] = {}

    def login(self) -> RegistryLogin:
        self.called("login")
        return RegistryLogin(registry=self.registry, username="AWS", password=self.password)

    def has_repository(self, name: str) -> bool:
        self.called("has_repository", name)
        return name in self.repositories

    def create_repository(self, name: str, tags: Mapping[str, str]) -> None:
        self.called("create_repository", name)
        self.repositories.setdefault(name, dict(tags))
