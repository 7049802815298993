"""The `lake` command as a task, in an environment of its own: Airflow's has neither msgspec nor Beam."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.bash import BashOperator

from ecommerce_lake import settings

if TYPE_CHECKING:
    from airflow.sdk import Context

_SKIP = 99

_SCRIPT = f"""
if [ -z "$LAKE_COMMAND" ]; then
  echo 'There is no lake command here: see the Variable {settings.PREFIX}lake_command'
  exit {_SKIP}
fi
unset PYTHONPATH PYTHONHOME
exec "$LAKE_COMMAND" """


class LakeTask(BashOperator):
    """`lake <arguments>` on the lake and quarantine of the Variables; skipped where no command is named."""

    def __init__(self, *, arguments: str, **kwargs: Any) -> None:
        super().__init__(
            bash_command=f'{_SCRIPT}{arguments} --lake-path "$LAKE_PATH" --quarantine-path "$QUARANTINE_PATH"',
            env={
                "LAKE_COMMAND": settings.template("lake_command"),
                "LAKE_PATH": settings.template("lake_uri"),
                "QUARANTINE_PATH": settings.template("quarantine_uri"),
            },
            append_env=True,
            skip_on_exit_code=_SKIP,
            do_xcom_push=False,
            **kwargs,
        )

    def get_env(self, context: Context) -> dict[str, str]:
        """Addresses as the command takes them: a local folder is a path, not a file:// address."""
        environment: dict[str, str] = super().get_env(context)
        for name in ("LAKE_PATH", "QUARANTINE_PATH"):
            environment[name] = environment[name].removeprefix("file://")
        return environment
