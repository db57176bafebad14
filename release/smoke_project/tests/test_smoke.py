from smoke import smoke


def test_the_dag_has_its_task():
    assert smoke().task_ids == ["say"]
