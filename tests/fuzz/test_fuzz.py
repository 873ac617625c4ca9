"""A short run of the fuzzer, the same every time; `make fuzz` is the long one."""

from __future__ import annotations

import random
import warnings

import pytest
from fuzz import corpus
from fuzz.mutation import mutate
from fuzz.targets import TARGETS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

INPUTS = 150


@pytest.mark.parametrize("name", TARGETS)
def test_the_corpus(name):
    """What was found once is not found again."""
    for data in corpus.of(name):
        TARGETS[name].check(data)


@pytest.mark.parametrize("name", TARGETS)
def test_mutated_inputs(name):
    """Each parser answers with a value or with its own error."""
    target, known, dice = TARGETS[name], corpus.of(name), random.Random(name)
    for number in range(INPUTS):
        data = mutate(known, target.words, dice)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                target.check(data)
            except Exception as error:
                raise AssertionError(f"input {number}: {data[:300]!r}") from error


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
    | st.sampled_from(["1.0", "a" * 64, "full/a.jpg", "photos/full/a.jpg", "2024-06-15T14:30:45"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["photos", "id", "files", "full", "web", "thumb", "exif", "settings", "file_hash",
                 "deployment_file_hash", "corrected_timestamp", "schema_version", "version",
                 "objects", "pull_request", "head", "base", "repo", "full_name", "number",
                 "timestamp_offset_hours", "target_timezone_offset_hours", "original_path"]
            )
            | st.text(max_size=5),
            inner,
            max_size=6,
        )
    ),
    max_leaves=30,
)  # fmt: skip


@pytest.mark.parametrize("name", ["manifest", "ledger", "event"])
@settings(
    max_examples=150, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck)
)
@given(document=JSON)
def test_documents(name, document):
    """Documents of any shape, with the names that parsers look for."""
    import json

    TARGETS[name].check(json.dumps(document).encode())
