"""The package's own names: loaded when they are used, and not before."""

import subprocess
import sys

import finhub_onboard


def python(program: str) -> str:
    """Run a program in an interpreter of its own."""
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    ).stdout.strip()


def test_importing_the_package_loads_nothing() -> None:
    """Neither a library nor a module of its own, so that the command's start is as quick as without."""
    program = (
        "import sys; before = set(sys.modules); import finhub_onboard; "
        "print(sorted(name for name in set(sys.modules) - before if name.split('.')[0] not in sys.stdlib_module_names))"
    )
    assert python(program) == "['finhub_onboard']"


def test_every_name_is_there_and_listed() -> None:
    """``__all__``, ``dir`` and the names themselves agree; any other is an ``AttributeError``."""
    assert set(finhub_onboard.__all__) <= set(dir(finhub_onboard))
    for name in finhub_onboard.__all__:
        assert getattr(finhub_onboard, name).__name__ == name
    assert not hasattr(finhub_onboard, "Jobs")


def test_sandbox_is_the_function_also_after_its_package_was_imported() -> None:
    """Whichever is imported first."""
    program = (
        "import finhub_onboard.sandbox.demo; from finhub_onboard import sandbox; "
        "from finhub_onboard.sandbox import demo; import sys; "
        "print(callable(sandbox), demo is sys.modules['finhub_onboard.sandbox.demo'])"
    )
    assert python(program) == "True True"
