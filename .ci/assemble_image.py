"""Collects what the action needs at run time into a folder, which becomes its whole image.

    python3 assemble_image.py /app /image

The base image gives the interpreter, the standard library and the C libraries they are linked
with; its shell, package managers and tools stay behind. Packages of Debian that files were taken
from are recorded in /var/lib/dpkg/status.d with their licences, where scanners look for them.
Byte code is compiled for everything and never checked against its source: the image does not
change, and an official Python image has none at all.
"""

# Part of no package; it runs Debian's programs on the base image's files.
# ruff: noqa: INP001, S603, S607

from __future__ import annotations

import compileall
import gzip
import json
import os
import py_compile
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

# Service models that the action asks botocore for; roles are assumed through sts.
SERVICES = {"s3", "sts", "cloudfront"}

# Of botocore/data, beside the services: which endpoints there are, and how to retry.
TABLES = {"_retry.json", "endpoints.json", "partitions.json", "sdk-default-configuration.json"}

# Of site-packages. cryptography: PyJWT, which PyGithub imports, needs it only for the keys of a
# GitHub App, and the action signs in with the job's token.
# Pillow: only JPEG, PNG and WebP are decoded, and nothing is drawn.
UNUSED = (
    "PIL/_avif*",
    "PIL/_imaging[cfmt]*",
    "PIL/_tkinter_finder*",
    "boto3/data",
    "boto3/examples",
    "cryptography",
    "cryptography-*.dist-info",
    "jsonschema/benchmarks",
    "pillow.libs/libavif*",
    "pillow.libs/libbrotli*",
    "pillow.libs/libfreetype*",
    "pillow.libs/libharfbuzz*",
    "pillow.libs/liblcms2*",
    "pillow.libs/libpng16*",
    "pycparser",
    "pycparser-*.dist-info",
)

# Of the standard library. On Debian's own Python some lie in packages of their own anyway.
UNUSED_MODULES = (
    *("EXTERNALLY-MANAGED", "config-*", "dist-packages", "site-packages", "sitecustomize.py"),
    *("__hello__.py", "__phello__", "_pyrepl", "curses", "dbm", "distutils", "ensurepip"),
    *("idlelib", "lib2to3", "pydoc.py", "pydoc_data", "sqlite3", "test", "tests", "tkinter"),
    *("turtle.py", "turtledemo", "venv"),
    # Their shared libraries
    *("_ctypes_test*", "_curses*", "_dbm*", "_gdbm*", "_sqlite3*", "_test*", "_tkinter*"),
    *("_xxsubinterpreters*", "_xxtestfuzz*", "nis*", "ossaudiodev*", "readline*", "xxlimited*"),
)

# What the C library and OpenSSL read by name. Without a certificate bundle there is no TLS.
CONFIGURATION = (
    "/etc/debian_version",
    "/etc/group",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/nsswitch.conf",
    "/etc/os-release",
    "/etc/passwd",
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/ssl/openssl.cnf",
    "/usr/lib/locale/C.utf8",
    "/usr/lib/ssl/certs",
    "/usr/lib/ssl/openssl.cnf",
)

# Loaded by name when a thread ends; nothing is linked with it.
LOADED_BY_NAME = ("libgcc_s.so.1",)


def main(environment: str, image: str) -> None:
    """Prune the virtual environment and collect it, with all that it needs, in ``image``."""
    root = Path(image)
    prune(Path(environment))
    collection = Collection(root)
    library = Path(sysconfig.get_path("stdlib")).resolve()
    collection.take_tree(library, UNUSED_MODULES)
    collection.take_tree(Path(environment), ())
    collection.take(Path(sys.executable).resolve())
    collection.take_libraries()
    for each in CONFIGURATION:
        collection.take_if_there(Path(each))
    collection.record_packages()
    for folder in (library, Path(environment)):
        compile_all(root, folder)
    for name, mode in (("tmp", 0o1777), ("root", 0o700)):
        (root / name).mkdir(exist_ok=True)
        (root / name).chmod(mode)
    subprocess.run(["/sbin/ldconfig", "-r", image], check=True)


def prune(environment: Path) -> None:
    """Remove what the action never loads from ``environment``."""
    (packages,) = environment.glob("lib/python*/site-packages")
    for pattern in UNUSED:
        for path in packages.glob(pattern):
            remove(path)
    trim_data(packages / "botocore/data")
    for pattern in ("*.pyi", "*.c", "*.h", "*.pxd", "test", "tests"):
        for path in list(packages.rglob(pattern)):
            remove(path)
    for path in (environment / "bin").iterdir():
        if not path.name.startswith("python"):
            remove(path)
    for name in ("include", "share", "lib64"):
        remove(environment / name)


def trim_data(data: Path) -> None:
    """Leave in ``data`` the newest model of each service, without its texts.

    Making a client is mostly reading these files: this more than halves its time.
    """
    for path in data.iterdir():
        if path.name not in SERVICES | TABLES:
            remove(path)
    for service in SERVICES:
        *older, newest = sorted((data / service).iterdir())
        for path in older:
            remove(path)
        remove(newest / "examples-1.json")
        for path in list(newest.glob("*.json.gz")):
            model = json.loads(gzip.decompress(path.read_bytes()))
            write_json(path.with_suffix(""), undocumented(model))
            remove(path)
    table = json.loads((data / "endpoints.json").read_bytes())
    for partition in table["partitions"]:
        services = partition["services"]
        partition["services"] = {name: services[name] for name in services if name in SERVICES}
    write_json(data / "endpoints.json", table)


def undocumented(model: Any) -> Any:
    """``model`` with empty texts for people (botocore looks for some); a member of a structure
    that is named documentation is no text and stays.
    """
    if isinstance(model, list):
        return [undocumented(each) for each in model]
    if not isinstance(model, dict):
        return model
    return {
        name: "" if name == "documentation" and isinstance(value, str) else undocumented(value)
        for name, value in model.items()
    }


def write_json(path: Path, document: Any) -> None:
    path.write_text(json.dumps(document, separators=(",", ":")))


def remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


class Collection:
    """Files of this system copied below ``root``, at the same paths."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._taken: set[Path] = set()

    def take_if_there(self, path: Path) -> None:
        if path.is_symlink() or path.is_file():
            self.take(path)
        elif path.is_dir():
            self.take_tree(path, ())

    def take_tree(self, folder: Path, unused: Iterable[str]) -> None:
        """All files below ``folder`` but those that match a pattern of ``unused``."""
        for parent, folders, files in os.walk(folder):
            here = Path(parent)
            folders[:] = [
                name
                for name in folders
                if name != "__pycache__" and not any(Path(name).match(each) for each in unused)
            ]
            for name in files + [each for each in folders if (here / each).is_symlink()]:
                if not any(Path(name).match(each) for each in unused):
                    self.take(here / name)

    def take(self, path: Path) -> None:
        """The file ``path``; of a link, the link and what it leads to."""
        path = path.parent.resolve() / path.name
        if path in self._taken:
            return
        self._taken.add(path)
        copy = self._root / path.relative_to("/")
        copy.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_symlink():
            if path.is_dir():
                copy.mkdir(exist_ok=True)
            else:
                shutil.copy2(path, copy)
            return
        copy.symlink_to(path.readlink())
        target = path.parent / path.readlink()
        if target.is_symlink() or target.is_file():
            self.take(target)

    def take_libraries(self) -> None:
        """Every shared library that the files taken so far are linked with.

        The links of a merged /usr, such as /lib, are made like those of this system: the
        interpreter of a program is named through one.
        """
        for name in ("bin", "lib", "lib64", "sbin"):
            link = Path("/") / name
            if link.is_symlink():
                (self._root / name).symlink_to(link.readlink())
                (self._root / link.readlink()).mkdir(parents=True, exist_ok=True)
        libraries = {library for path in list(self._taken) for library in linked_with(path)}
        (c_library,) = {each.parent for each in libraries if each.name == "libc.so.6"}
        for library in [*libraries, *(c_library / name for name in LOADED_BY_NAME)]:
            self.take(library)

    def record_packages(self) -> None:
        """The Debian packages that files were taken from, and their licences."""
        records = self._root / "var/lib/dpkg/status.d"
        records.mkdir(parents=True)
        for package in sorted(owners(self._taken)):
            asked = ["dpkg-query", "--status", package]
            status = subprocess.run(asked, check=True, capture_output=True).stdout
            (records / package.partition(":")[0]).write_bytes(status)
            self.take_if_there(Path(f"/usr/share/doc/{package.partition(':')[0]}/copyright"))


def linked_with(path: Path) -> Iterator[Path]:
    """The shared libraries, with the loader, that the program or library ``path`` needs."""
    if path.is_symlink() or not path.is_file():
        return
    with path.open("rb") as file:
        if file.read(4) != b"\x7fELF":
            return
    found = subprocess.run(["ldd", path], capture_output=True, text=True, check=False)
    for line in found.stdout.splitlines():
        words = line.split()
        if "not" in words and "found" in words:
            sys.exit(f"{path}: {line.strip()}")
        yield from (Path(word) for word in words if word.startswith("/"))


def owners(paths: Iterable[Path]) -> set[str]:
    """The packages that ``paths`` belong to."""
    # A package may name its files by the paths before /lib became a link to /usr/lib.
    names = [str(each) for each in paths]
    names += [name.removeprefix("/usr") for name in names if name.startswith("/usr/lib")]
    found = subprocess.run(
        ["dpkg-query", "--search", *names], check=False, capture_output=True, text=True
    ).stdout
    return {
        package.strip()
        for line in found.splitlines()
        if ": /" in line and not line.startswith("diversion ")
        for package in line.partition(": /")[0].split(",")
    }


def compile_all(root: Path, folder: Path) -> None:
    """Byte code of ``folder``, as it will be called in the image."""
    done = compileall.compile_dir(
        str(root / folder.relative_to("/")),
        maxlevels=20,
        quiet=1,
        force=True,
        workers=0,
        stripdir=str(root),
        prependdir="/",
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )
    if not done:
        sys.exit(f"{folder}: some modules cannot be compiled")


if __name__ == "__main__":
    main(*sys.argv[1:])
