from pathlib import Path

import yaml

from sereno.watch.provisioning import COMPOSE_DASHBOARDS, DATASOURCE_UID, render_provisioning

ROOT = Path(__file__).parents[3]


def rendered(prometheus: str = "prometheus:9090", dashboards: str = COMPOSE_DASHBOARDS) -> dict[str, str]:
    return render_provisioning(
        prometheus=prometheus, alertmanager="alertmanager:9093", dashboards=dashboards, scrape_interval="15s"
    )


def test_the_checked_in_provisioning_is_the_rendered_one() -> None:
    folder = ROOT / "grafana" / "provisioning"
    assert {str(file.relative_to(folder)): file.read_text() for file in folder.rglob("*.yml")} == rendered()


def test_addresses_and_folders_are_the_places_own() -> None:
    files = rendered(prometheus="127.0.0.1:19090", dashboards="/home/etc/grafana/dashboards")
    prometheus, alertmanager = yaml.safe_load(files["datasources/sereno.yml"])["datasources"]
    assert (prometheus["url"], prometheus["uid"]) == ("http://127.0.0.1:19090", DATASOURCE_UID)
    assert prometheus["jsonData"]["timeInterval"] == "15s"
    assert prometheus["isDefault"] is True
    assert alertmanager["type"] == "alertmanager"
    (provider,) = yaml.safe_load(files["dashboards/sereno.yml"])["providers"]
    assert provider["options"]["path"] == "/home/etc/grafana/dashboards"
    assert provider["allowUiUpdates"] is False
