"""Files of certificates and keys as the settings name them: read whole, and complained of by setting and path.

Promise: no message contains file contents.
"""

import re
from pathlib import Path

from finhub_onboard.errors import ConfigurationError
from finhub_onboard.small_files import read_small

CERTIFICATE = re.compile(rb"-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----")
KEY = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----")


def some_certificate(setting: str, path: Path) -> bytes:
    """The content of a file that holds a certificate in PEM."""
    content = read(setting, path)
    if not CERTIFICATE.search(content):
        raise unusable(setting, path, "holds no certificate in PEM (-----BEGIN CERTIFICATE-----)")
    return content


def read(setting: str, path: Path) -> bytes:
    """The content of a file. Raises :class:`ConfigurationError` if it cannot be read."""
    try:
        return read_small(path)
    except OSError as error:
        raise unreadable(setting, path, error) from None


def unreadable(setting: str, path: Path, error: OSError) -> ConfigurationError:
    """What to raise for a file that the system does not let us read."""
    return ConfigurationError(
        f"{setting}: {path} cannot be read: {error.strerror}", hint="check its path and who may read it"
    )


def unusable(setting: str, path: Path, message: str, *, hint: str = "") -> ConfigurationError:
    """What to raise for a file that does not hold what it should."""
    return ConfigurationError(f"{setting}: {path} {message}", hint=hint or "name another file, in PEM")
