from fluoropose.telemetry.fleet_exposition import join_expositions
from fluoropose.telemetry.metrics import Metrics


def test_the_real_metrics_of_two_workers_are_told_apart():
    one, two = Metrics(), Metrics()
    one.frame_age.labels("ws").observe(0.01)
    texts = {"w1": one.text().decode(), "w2": two.text().decode()}
    text = join_expositions(texts, {"resident": 4, "loaded": 1}).decode()
    assert 'fluoropose_frame_age_seconds_count{transport="ws",worker="w1"} 1.0' in text
    assert 'fluoropose_frame_age_seconds_count{transport="ws",worker="w2"} 0.0' in text
    assert text.count("# TYPE fluoropose_frame_age_seconds histogram") == 1
    assert 'fluoropose_fleet_placements_total{outcome="resident"} 4.0' in text
    assert "fluoropose_fleet_workers 2.0" in text


def test_a_worker_that_did_not_answer_is_not_counted():
    assert "fluoropose_fleet_workers 0.0" in join_expositions({"w1": ""}, {}).decode()
