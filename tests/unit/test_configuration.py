"""The configuration: one source of keys, and errors that name the key."""

import pytest
import yaml
from dataset_manager import configuration_docs
from dataset_manager.configuration import Configuration, validated
from dataset_manager.errors import ConfigurationError


def problem(values: dict[str, object]) -> str:
    with pytest.raises(ConfigurationError) as caught:
        validated(values, "prueba.yaml")
    return str(caught.value)


def test_the_configuration_file_is_the_generated_one() -> None:
    assert (configuration_docs.ROOT / "config/config.yaml").read_text("utf-8") == configuration_docs.config_yaml()


def test_the_schema_is_the_generated_one() -> None:
    assert (configuration_docs.ROOT / "config/config.schema.json").read_text("utf-8") == configuration_docs.schema()


def test_the_table_of_the_readme_is_the_generated_one() -> None:
    readme = configuration_docs.README.read_text("utf-8")
    assert configuration_docs.with_table(readme) == readme


def test_the_file_holds_the_defaults() -> None:
    assert validated(yaml.safe_load(configuration_docs.config_yaml()), "config.yaml") == Configuration()


def test_every_key_is_described() -> None:
    assert [f"{section}.{key}" for section, key, _, text in configuration_docs.fields() if text in ("None", "")] == []


def test_a_typing_error_names_the_nearest_key() -> None:
    assert "image_review.num_imagenes_revison: clave desconocida; ¿quería decir «num_imagenes_revision»?" in problem(
        {"image_review": {"num_imagenes_revison": 3}}
    )


def test_an_unknown_section_names_the_nearest() -> None:
    assert "datset: clave desconocida; ¿quería decir «dataset»?" in problem({"datset": {}})


def test_all_problems_are_listed_at_once() -> None:
    text = problem({"dataset": {"min_transacciones_cliente": -1}, "reports": {"enabled": "quizá"}, "elasticsearch": {"timeout": "x"}})
    assert "dataset.min_transacciones_cliente: -1 no vale; debe ser al menos 0" in text
    assert "reports.enabled: 'quizá' no vale; debe ser true o false" in text
    assert "elasticsearch.timeout: 'x' no vale; debe ser un número entero" in text


def test_a_wrong_choice_lists_what_there_is() -> None:
    assert "'todos' or 'devices_seleccionados'" in problem({"dataset": {"devices_incluir_default": "algunos"}})


def test_an_unknown_time_zone_is_refused() -> None:
    assert "Europe/Madrid" in problem({"excel": {"timezone": "Europa/Madrid"}})


def test_a_section_that_is_no_section() -> None:
    assert "reports: 3; debe ser una sección con: enabled" in problem({"reports": 3})
