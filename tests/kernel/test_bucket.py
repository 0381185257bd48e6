"""Stored files in an S3-compatible bucket, as an installation of several machines keeps them."""

import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import uvicorn
from nanio.app import build_app
from nanio.auth.credentials import StaticCredentialResolver
from nanio.config import Settings as Bucket

from tests.kernel.test_storage import png
from tiefen.kernel import storage
from tiefen.kernel.errors import NotFound
from tiefen.kernel.settings import Settings
from tiefen.kernel.storage import Storage

KEY, SECRET = "AKIDTIEFEN", "not-a-secret-of-anybody"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An S3 server that checks signatures, with one bucket; its address."""
    folder: Path = tmp_path_factory.mktemp("s3")
    (folder / "shop").mkdir()
    made = build_app(
        Bucket(
            data_dir=folder,
            region="cn-north-1",
            credentials=StaticCredentialResolver({KEY: SECRET}),
        )
    )
    running = uvicorn.Server(uvicorn.Config(made, port=0, log_config=None, lifespan="off"))
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    while not running.started:
        thread.join(0.01)
    yield f"http://127.0.0.1:{running.servers[0].sockets[0].getsockname()[1]}"
    running.should_exit = True
    thread.join(10)


@pytest.fixture
def bucket(server: str, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings that keep files there, with the variables every S3 program reads."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", server)
    monkeypatch.setenv("AWS_REGION", "cn-north-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setattr(storage, "RETRIES", storage.RETRIES | {"max_retries": 0})
    return settings.model_copy(update={"storage_url": "s3://shop/files"})


async def test_files_go_into_the_bucket_and_come_back(bucket: Settings) -> None:
    stored = await Storage(bucket).put_picture("demo", png(2000, 500))
    key = await Storage(bucket).put("demo", b"code sheet" * 10_000, suffix="pdf")
    other = await Storage(bucket).put("other", b"theirs", suffix="bin")
    again = Storage(bucket)  # another machine of the installation
    assert (await again.get(stored.key))[8:12] == b"WEBP"
    assert await again.get(key) == b"code sheet" * 10_000
    assert sorted(await again.keys("demo")) == sorted([stored.key, key])
    assert await again.keys("other") == [other]
    await again.restore(key, b"from a backup")
    assert await Storage(bucket).get(key) == b"from a backup"
    assert not (bucket.data_dir / "files").exists(), "nothing is kept on this machine"


async def test_what_is_missing_is_not_found(bucket: Settings) -> None:
    with pytest.raises(NotFound):
        await Storage(bucket).get("demo/AAAAAAAAAAAAAAAA.webp")
    for evil in ("../secret_key", "demo/../other/AAAAAAAAAAAAAAAA.webp", "shop"):
        with pytest.raises(NotFound):
            await Storage(bucket).get(evil)


@pytest.mark.parametrize(
    ("name", "value", "url"),
    [
        ("AWS_SECRET_ACCESS_KEY", "wrong", "s3://shop/files"),
        ("AWS_ACCESS_KEY_ID", "AKIDNOBODY", "s3://shop/files"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:9", "s3://shop/files"),
        ("AWS_REGION", "cn-north-1", "s3://no-such-bucket/files"),
    ],
)
async def test_a_bucket_that_refuses_is_a_dependency_that_is_away(
    bucket: Settings, monkeypatch: pytest.MonkeyPatch, name: str, value: str, url: str
) -> None:
    monkeypatch.setenv(name, value)
    wrong = Storage(bucket.model_copy(update={"storage_url": url}))
    with pytest.raises(storage.StorageAway) as refused:
        await wrong.put("demo", b"x", suffix="bin")
    assert refused.value.status == 503
    assert SECRET not in str(refused.value)
    if "no-such" not in url:  # to a reader, an absent bucket holds nothing
        with pytest.raises(storage.StorageAway):
            await wrong.get("demo/AAAAAAAAAAAAAAAA.webp")


async def test_the_reader_gets_503_and_not_a_fault_of_ours(
    client: httpx.AsyncClient, bucket: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    app = client._transport.app  # type: ignore[attr-defined]
    app.state.storage = Storage(bucket)
    answer = await client.get("/files/demo/AAAAAAAAAAAAAAAA.webp")
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "files.away"
