"""Which key asked is kept beside each answer, so that one client cannot speak for all of them."""

import pytest
from tests.unit.apps.house import ROW, House


@pytest.fixture
def house() -> House:
    return House()


def test_the_log_names_the_key_that_asked_by_its_prefix(house: House) -> None:
    assert house.ask("POST", "/predict", "predictor", json=ROW).status_code == 200
    assert house.ask("POST", "/predict", "admin", json={"rows": [ROW, ROW]}).status_code == 200
    predictor, admin = (house.keys[role].key.prefix for role in ("predictor", "admin"))
    assert [record["caller"] for record in house.log.records()] == [predictor, admin, admin]
    assert predictor != admin
    assert house.secrets["predictor"] not in str(list(house.log.records()))


def test_a_refused_row_of_a_batch_takes_no_others_name(house: House) -> None:
    assert house.ask("POST", "/predict", "predictor", json={"pickup_zone": 74}).status_code == 422
    assert house.ask("POST", "/predict", "admin", json=ROW).status_code == 200
    assert [record["caller"] for record in house.log.records()] == [house.keys["admin"].key.prefix]
