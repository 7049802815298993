"""The emulator is found, started, answered by and ended; and where there is none, the message says what to install."""

from __future__ import annotations

import collections
import itertools
import os
import shutil
import socket
import stat
import subprocess
import time
from pathlib import Path

import pytest
from google.api_core.exceptions import GoogleAPICallError

from lake_cli.local import emulator as emulators
from lake_cli.local import emulator_launchers, processes, pubsub
from lake_cli.local.emulator import Emulator, NamedEmulatorUnusable
from lake_cli.local.emulator_launchers import EmulatorUnavailable, JarLauncher, find_launcher
from tests.conftest import do_without_emulator


def without_host() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PUBSUB_EMULATOR_HOST"}


@pytest.fixture
def jar_launcher() -> JarLauncher:
    try:
        launcher = find_launcher(without_host())
    except EmulatorUnavailable as reason:
        do_without_emulator(reason)
    if not isinstance(launcher, JarLauncher):
        pytest.skip("needs Java and gcloud's emulator: gcloud components install pubsub-emulator")
    return launcher


def test_a_started_emulator_answers_and_is_gone_after_the_block(jar_launcher: JarLauncher, tmp_path: Path) -> None:
    log = tmp_path / "emulator.log"
    with emulators.running(log, environment=without_host()) as emulator:
        assert emulator.process is not None
        assert processes.is_running(emulator.process)
        assert pubsub.answers(emulator.address, timeout_seconds=5)
    assert not processes.is_running(emulator.process)
    assert not pubsub.answers(emulator.address, timeout_seconds=0.5)
    assert "Server started" in log.read_text()


def test_an_emulator_whose_memory_is_full_ends_and_says_so(
    jar_launcher: JarLauncher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without telling Java to exit it would go on without answering, for ever."""
    monkeypatch.setattr(emulator_launchers, "_SMALLEST_HEAP_BYTES", 48 << 20)
    monkeypatch.setattr(emulator_launchers, "_LARGEST_HEAP_BYTES", 48 << 20)
    route = pubsub.Route(pubsub.LOCAL_PROJECT, "too-many", "too-many-lake")
    with emulators.running(tmp_path / "emulator.log", environment=without_host()) as emulator:
        pubsub.create(emulator.address, route)
        emulators.check_runs(emulator)
        large = itertools.repeat([{"data": b"x" * 1_000_000}], 100)
        with pubsub.publisher(emulator.address) as client, pytest.raises(GoogleAPICallError):
            collections.deque(client.publish(topic=route.topic, messages=one, timeout=20, retry=None) for one in large)
        assert emulator.process is not None
        deadline = time.monotonic() + 30
        while processes.is_running(emulator.process) and time.monotonic() < deadline:
            time.sleep(0.1)
        with pytest.raises(emulators.EmulatorEnded, match="memory was full"):
            emulators.check_runs(emulator)


def test_an_exception_or_a_ctrl_c_inside_the_block_leaves_no_process(jar_launcher: JarLauncher, tmp_path: Path) -> None:
    def interrupted() -> None:
        with emulators.running(tmp_path / "emulator.log", environment=without_host()) as emulator:
            seen.append(emulator)
            raise KeyboardInterrupt

    seen: list[Emulator] = []
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert seen[0].process is not None
    assert not processes.is_running(seen[0].process)


def test_an_emulator_named_by_the_environment_is_used_and_left_running(emulator: str, tmp_path: Path) -> None:
    with emulators.running(tmp_path / "unused.log", environment={"PUBSUB_EMULATOR_HOST": emulator}) as found:
        assert found.address == emulator
    assert pubsub.answers(emulator, timeout_seconds=5)
    assert not (tmp_path / "unused.log").exists()


def test_a_named_emulator_that_does_not_answer_is_an_error_that_names_it(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound, never listening: nothing answers here
        address = f"127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(NamedEmulatorUnusable, match=rf"PUBSUB_EMULATOR_HOST is '{address}' but no .* answers"):
            emulators.obtain(tmp_path / "emulator.log", environment={"PUBSUB_EMULATOR_HOST": address})


@pytest.mark.parametrize("value", ["http://localhost:8085", "localhost", "8085", "localhost:port"])
def test_a_malformed_address_is_an_error_that_shows_the_form(value: str, tmp_path: Path) -> None:
    with pytest.raises(NamedEmulatorUnusable, match=r"not host:port.*localhost:8085"):
        emulators.obtain(tmp_path / "emulator.log", environment={"PUBSUB_EMULATOR_HOST": value})


def test_with_nothing_installed_the_message_names_every_remedy(tmp_path: Path) -> None:
    with pytest.raises(EmulatorUnavailable) as error:
        emulators.obtain(tmp_path / "emulator.log", environment={"PATH": str(tmp_path)})
    message = str(error.value)
    for remedy in ("gcloud components install pubsub-emulator", "Java 11", "install docker", "PUBSUB_EMULATOR_HOST"):
        assert remedy in message
    assert "\n" not in message


def test_the_jar_of_a_moved_sdk_is_found_and_java_alone_is_asked_for(tmp_path: Path) -> None:
    jar = tmp_path / "sdk/platform/pubsub-emulator/lib/cloud-pubsub-emulator-1.0.jar"
    jar.parent.mkdir(parents=True)
    jar.touch()
    with pytest.raises(EmulatorUnavailable) as error:
        find_launcher({"PATH": str(tmp_path), "CLOUDSDK_ROOT_DIR": str(tmp_path / "sdk")})
    assert "Java 11" in str(error.value)
    assert "gcloud components" not in str(error.value)


def test_the_sdk_is_found_through_a_link_to_gcloud(tmp_path: Path) -> None:
    sdk, path = tmp_path / "sdk", tmp_path / "bin"
    jar = sdk / "platform/pubsub-emulator/lib/cloud-pubsub-emulator-1.0.jar"
    for folder in (sdk / "bin", path, jar.parent):
        folder.mkdir(parents=True)
    jar.touch()
    script(sdk / "bin/gcloud", "exit 0")
    (path / "gcloud").symlink_to(sdk / "bin/gcloud")
    script(path / "java", "exit 0")
    assert find_launcher({"PATH": str(path)}) == JarLauncher(str(path / "java"), jar)


def test_a_java_that_does_not_run_is_no_java(tmp_path: Path) -> None:
    script(tmp_path / "java", "echo 'No Java runtime present' >&2; exit 1")
    jar = tmp_path / "emulator.jar"
    jar.touch()
    with pytest.raises(EmulatorUnavailable, match="Java 11"):
        find_launcher({"PATH": str(tmp_path), "PUBSUB_EMULATOR_JAR": str(jar)})


def test_a_jar_named_wrongly_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(EmulatorUnavailable, match=r"PUBSUB_EMULATOR_JAR is '/nowhere/emulator\.jar'"):
        find_launcher({"PATH": str(tmp_path), "PUBSUB_EMULATOR_JAR": "/nowhere/emulator.jar"})


def test_an_emulator_that_dies_at_once_shows_its_last_words(tmp_path: Path) -> None:
    script(tmp_path / "java", 'test "$1" = -version || { echo "Unsupported class file version" >&2; exit 3; }')
    jar = tmp_path / "emulator.jar"
    jar.touch()
    with pytest.raises(EmulatorUnavailable, match=r"code 3 .*Unsupported class file version .*emulator\.log"):
        emulators.obtain(
            tmp_path / "emulator.log", environment={"PATH": str(tmp_path), "PUBSUB_EMULATOR_JAR": str(jar)}
        )


def test_without_gcloud_a_docker_engine_serves_it_and_its_container_is_removed(
    jar_launcher: JarLauncher, tmp_path: Path
) -> None:
    """No engine is assumed: a stand-in `docker` runs the real emulator on the port that it is asked to publish."""
    calls = tmp_path / "calls"
    shell = shutil.which("bash")
    script(
        tmp_path / "docker",
        f"""
        echo "$@" >>{calls}
        case "$1" in info|image|rm) exit 0 ;; esac
        while test "$1" != --publish; do shift; done
        port="${{2#127.0.0.1:}}"
        exec {jar_launcher.java} -jar {jar_launcher.jar} --host=127.0.0.1 --port="${{port%:8085}}"
        """,
        shell=shell or "/bin/sh",
    )
    with emulators.running(tmp_path / "emulator.log", environment={"PATH": str(tmp_path)}) as emulator:
        assert pubsub.answers(emulator.address, timeout_seconds=5)
    assert emulator.process is not None
    assert not processes.is_running(emulator.process)
    port = emulator.address.rpartition(":")[2]
    run, removal = calls.read_text().splitlines()[-2:]
    assert f"--name lake-pubsub-emulator-{port}" in run
    assert run.endswith("google-cloud-cli:emulators gcloud beta emulators pubsub start --host-port=0.0.0.0:8085")
    assert removal == f"rm --force lake-pubsub-emulator-{port}"


def test_clients_reach_the_emulator_past_a_proxy() -> None:
    variables = emulators.client_environment("127.0.0.1:8085", {"https_proxy": "http://proxy:3128", "no_proxy": "corp"})
    assert variables["PUBSUB_EMULATOR_HOST"] == "127.0.0.1:8085"
    assert variables["no_grpc_proxy"] == "corp,127.0.0.1"


def script(path: Path, body: str, shell: str = "/bin/sh") -> None:
    path.write_text(f"#!{shell}\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def test_a_process_that_ignores_sigterm_is_killed_after_its_grace(tmp_path: Path) -> None:
    stubborn = processes.start(["bash", "-c", "trap '' TERM; echo ready; sleep 30 & wait; wait"], log=tmp_path / "log")
    while "ready" not in (tmp_path / "log").read_text():
        time.sleep(0.02)
    record = processes.record_of(stubborn)
    assert processes.end(record, grace_seconds=0.3) is processes.Ending.KILLED
    assert stubborn.returncode == -9
    assert processes.end(record, grace_seconds=0.3) is processes.Ending.WAS_NOT_RUNNING


def test_a_recycled_process_id_is_never_signalled(tmp_path: Path) -> None:
    other = processes.start(["sleep", "30"], log=tmp_path / "log")
    try:
        stale = processes.ProcessRecord(pid=other.pid, started="some other boot/12345")
        assert not processes.is_running(stale)
        assert processes.end(stale, grace_seconds=1) is processes.Ending.WAS_NOT_RUNNING
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_processes_are_told_apart_where_there_is_no_proc(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    if shutil.which("ps") is None:
        pytest.skip("needs ps: install procps")
    sleeper = subprocess.Popen(["sleep", "30"], start_new_session=True)
    try:
        started = processes._started_by_ps(sleeper.pid)
        assert started is not None
        assert str(time.localtime().tm_year) in started
    finally:
        sleeper.kill()
    assert processes._started_by_ps(sleeper.pid) is None, "a zombie is not running"
    sleeper.wait()
    assert processes._started_by_ps(sleeper.pid) is None
