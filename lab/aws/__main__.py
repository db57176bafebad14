"""`python -m lab.aws`: serve the lab's AWS on loopback."""

import argparse
from pathlib import Path

from lab.aws.registry_token import Registry
from lab.aws.server import Settings, run


def main() -> None:
    """Read the arguments and serve."""
    parser = argparse.ArgumentParser(prog="python -m lab.aws", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0, the default, picks a free one")
    parser.add_argument("--oidc-issuer", required=True, help="issuer of the tokens STS takes, exactly as in their iss")
    parser.add_argument("--oidc-jwks", help="where the issuer's keys are (default: <issuer>/.well-known/jwks)")
    parser.add_argument("--live-airflow", help="address of the service that runs real Airflows")
    parser.add_argument("--seconds-per-status", type=float, default=0.3, help="how long each passing status lasts")
    parser.add_argument("--registry", help="address of the registry that ECR's GetAuthorizationToken is for")
    parser.add_argument("--registry-user", default="AWS")
    parser.add_argument("--registry-password-file", type=Path)
    arguments = parser.parse_args()
    registry = None
    if arguments.registry:
        registry = Registry(
            url=arguments.registry, user=arguments.registry_user, password_file=arguments.registry_password_file
        )
    run(
        Settings(
            port=arguments.port,
            oidc_issuer=arguments.oidc_issuer,
            oidc_jwks=arguments.oidc_jwks,
            live_airflow=arguments.live_airflow,
            registry=registry,
            seconds_per_status=arguments.seconds_per_status,
        )
    )


if __name__ == "__main__":
    main()
