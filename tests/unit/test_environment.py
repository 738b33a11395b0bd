"""Credentials: who wins, what is missing, and that nothing secret shows."""

import json
from pathlib import Path

import pytest
from dataset_manager import environment
from dataset_manager.errors import ConfigurationError


def elastic(root: Path, **environ: str) -> environment.ElasticConnection:
    return environment.elastic(environment.load(root, environ), timeout=30, max_retries=3)


def write_credentials(root: Path, **fields: object) -> None:
    path = root / environment.CREDENTIALS_FILE
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(fields))


def test_environment_beats_env_file_beats_credentials_file(tmp_path: Path) -> None:
    write_credentials(tmp_path, host="json", port=1, username="json", password="json")
    (tmp_path / ".env").write_text("ELASTIC_HOST=file\nELASTIC_PORT=2\n")
    found = elastic(tmp_path, ELASTIC_HOST="typed")
    assert (found.host, found.port, found.username) == ("typed", 2, "json")


def test_a_named_file_replaces_the_default_one(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("ELASTIC_HOST=default\nELASTIC_API_KEY=leak\n")
    (tmp_path / ".env_prod").write_text("ELASTIC_HOST=prod\n")
    found = elastic(tmp_path, DATASET_MANAGER_ENV_FILE=str(tmp_path / ".env_prod"))
    assert (found.host, found.api_key) == ("prod", None)


def test_a_named_file_that_is_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="No existe el archivo de entorno"):
        environment.load(tmp_path, {"DATASET_MANAGER_ENV_FILE": str(tmp_path / "none")})


def test_quotes_and_spaces_around_a_value_do_not_count(tmp_path: Path) -> None:
    assert elastic(tmp_path, ELASTIC_HOST=" 'es.example' ").host == "es.example"


def test_encryption_and_verification_are_two_switches(tmp_path: Path) -> None:
    unverified = elastic(tmp_path, ELASTIC_HOST="h", ELASTIC_VERIFY_CERTS="no")
    plain = elastic(tmp_path, ELASTIC_HOST="h", ELASTIC_USE_SSL="false")
    assert (unverified.url, unverified.verify_certs) == ("https://h:9243", False)
    assert (plain.url, plain.verify_certs) == ("http://h:9243", True)


def test_a_key_pair_is_the_base64_of_both(tmp_path: Path) -> None:
    found = elastic(tmp_path, ELASTIC_HOST="h", ELASTIC_API_KEY_ID="id", ELASTIC_API_KEY_SECRET="secret")
    assert found.api_key == "aWQ6c2VjcmV0"


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({}, "Faltan las credenciales de Elasticsearch"),
        ({"ELASTIC_HOST": "h", "ELASTIC_USERNAME": "u"}, "Falta ELASTIC_PASSWORD"),
        ({"ELASTIC_HOST": "h", "ELASTIC_AUTH_METHOD": "api_key"}, "falta ELASTIC_API_KEY"),
        ({"ELASTIC_HOST": "h", "ELASTIC_AUTH_METHOD": "kerberos"}, "api_key o basic_auth"),
        ({"ELASTIC_HOST": "h", "ELASTIC_PORT": "99999"}, "un puerto de 1 a 65535"),
        ({"ELASTIC_HOST": "h", "ELASTIC_USE_SSL": "quizá"}, "debe ser si o no"),
    ],
)
def test_what_is_missing_or_wrong_is_named(tmp_path: Path, environ: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        elastic(tmp_path, **environ)


def test_all_missing_database_variables_are_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="DB_PROD_RO_USER, DB_PROD_RO_PASSWORD, DB_PROD_RO_DATABASE"):
        environment.database(environment.load(tmp_path, {"DB_PROD_RO_HOST": "h"}), connect_timeout=1)


def test_secrets_show_in_no_repr(tmp_path: Path) -> None:
    environ = {"ELASTIC_HOST": "h", "ELASTIC_USERNAME": "u", "ELASTIC_PASSWORD": "hunter2", "REMOTE_STORAGE_SECRET_KEY": "hunter2"}
    loaded = environment.load(tmp_path, environ)
    assert "hunter2" not in repr(loaded) + repr(elastic(tmp_path, **environ)) + repr(environment.s3(loaded))


def test_a_broken_credentials_file_is_named_without_its_content(tmp_path: Path) -> None:
    path = tmp_path / environment.CREDENTIALS_FILE
    path.parent.mkdir(parents=True)
    path.write_text('{"password": "hunter2"')
    with pytest.raises(ConfigurationError) as caught:
        environment.load(tmp_path, {})
    assert path.name in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_minio_is_path_style_and_its_scheme_is_said(tmp_path: Path) -> None:
    found = environment.s3(environment.load(tmp_path, {"MINIO_BUCKET": "b", "MINIO_ENDPOINT": "m:9000", "MINIO_SECURE": "no"}))
    assert (found.bucket, found.endpoint_url, found.path_style) == ("b", "http://m:9000", True)
