"""Reads a price list, finds the dearest item and reports it, with the TaskFlow API."""

from datetime import datetime, timezone
from pathlib import Path

import xmltodict
from airflow.decorators import dag, task

PRICES = Path(__file__).with_name("prices.xml")


def parse_prices(xml: str) -> dict[str, float]:
    """The price of each item in the list, by the item's name."""
    items = xmltodict.parse(xml, force_list=("item",))["prices"]["item"]
    return {item["@name"]: float(item["#text"]) for item in items}


def find_dearest(prices: dict[str, float]) -> str:
    """The name of the item with the highest price; the first one in the list if several share it."""
    return max(prices, key=lambda name: prices[name])


@dag(
    schedule="@daily",
    start_date=datetime(2024, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    default_args={"retries": 1},
    tags=["example"],
)
def price_report() -> None:
    """Reads a price list, finds the dearest item and reports it."""

    @task
    def read() -> dict[str, float]:
        return parse_prices(PRICES.read_text(encoding="utf-8"))

    @task
    def dearest(prices: dict[str, float]) -> str:
        return find_dearest(prices)

    @task
    def report(prices: dict[str, float], name: str) -> str:
        line = f"{len(prices)} items; the dearest is {name} at {prices[name]:.2f}"
        print(line)
        return line

    prices = read()
    report(prices, dearest(prices))


price_report()
