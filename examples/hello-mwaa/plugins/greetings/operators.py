"""Operators that greet."""

import os
from collections.abc import Sequence
from typing import Any

from airflow.models import BaseOperator


class GreetingOperator(BaseOperator):
    """Greets somebody with the word that the startup script exported as HELLO_GREETING.

    Args:
        whom: who is greeted; templated.
    """

    template_fields: Sequence[str] = ("whom",)
    ui_color = "#e8f4ea"

    def __init__(self, *, whom: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.whom = whom

    def execute(self, context: Any) -> str:
        """Log the greeting and hand it to the tasks downstream."""
        whom = self.whom.strip()
        if not whom:
            raise ValueError("There is nobody to greet: whom is empty")
        greeting = f"{os.environ.get('HELLO_GREETING', 'Good day')}, {whom}!"
        self.log.info(greeting)
        return greeting
