"""The operator in plugins/, tested in unittest's style."""

import os
import unittest

import airflow  # noqa: F401 -- puts plugins/ on the import path
from greetings.operators import GreetingOperator


class GreetingOperatorTest(unittest.TestCase):
    def setUp(self) -> None:
        before = os.environ.get("HELLO_GREETING")
        self.addCleanup(self.restore, before)

    def restore(self, before: str | None) -> None:
        os.environ.pop("HELLO_GREETING", None)
        if before is not None:
            os.environ["HELLO_GREETING"] = before

    def test_it_greets_with_the_word_of_the_startup_script(self) -> None:
        os.environ["HELLO_GREETING"] = "Moin"

        self.assertEqual(GreetingOperator(task_id="hello", whom="Ada").execute({}), "Moin, Ada!")

    def test_it_greets_without_a_startup_script(self) -> None:
        os.environ.pop("HELLO_GREETING", None)

        self.assertEqual(GreetingOperator(task_id="hello", whom="Ada").execute({}), "Good day, Ada!")

    def test_it_refuses_to_greet_nobody(self) -> None:
        with self.assertRaisesRegex(ValueError, "nobody to greet"):
            GreetingOperator(task_id="hello", whom="  ").execute({})

    def test_whom_is_templated(self) -> None:
        operator = GreetingOperator(task_id="hello", whom="{{ params.whom }}")

        operator.render_template_fields({"params": {"whom": "Grace"}})

        self.assertEqual(operator.whom, "Grace")


if __name__ == "__main__":
    unittest.main()
