"""Plans tried on a model: any galleries, any deployments, any trouble in between."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from unit.samples import published_for
from unit.world import MANIFEST_KEY, Here, World
from unit.world import settings as configured

from galleria_action.errors import DeployError
from galleria_action.ledger import Ledger, Owner
from galleria_action.plan import Kind

NAMES = st.sampled_from(["a", "b", "c", "d"])
SITE_NAMES = st.sampled_from(["index.html", "a.js", "b/c.css", "gallery-metadata.json"])
FOREIGN = [
    "photos/full/zz",
    "photos/zz",
    "other/full/a",
    "zz.html",
    ".galleria/other",
    "photos2/full/a",
]
KEYS = st.sampled_from(
    [*FOREIGN, "photos/full/a", "photos/web/b", "photos/thumb/c", "p/full/a", "index.html", "a.js"]
)


@st.composite
def galleries(draw) -> Here:
    files = draw(st.lists(NAMES, unique=True, max_size=4))
    ids = draw(st.permutations(["w", "x", "y", "z"]))
    photos = {
        photo: (name, draw(st.integers(0, 1)), draw(st.booleans()))
        for photo, name in zip(ids, files, strict=False)
    }
    site = draw(st.dictionaries(SITE_NAMES, st.integers(0, 1), min_size=1))
    return Here(photos, site, generated_at=draw(st.integers(0, 2)))


CONFIGS = st.builds(
    configured,
    delete=st.booleans(),
    delete_stale_site=st.booleans(),
    force=st.sampled_from([False, False, False, True]),
    photos_prefix=st.sampled_from(["photos", "photos", "photos", "p"]),
    cache_control=st.sampled_from([(), (), (("*.js", "no-store"),)]),
)
SCOPED = st.one_of(
    CONFIGS, CONFIGS.map(lambda made: configured(site_only=True, delete_stale_site=made.delete)),
    CONFIGS.map(lambda made: configured(photos_only=True, photos_prefix=made.photos_prefix)),
)  # fmt: skip
TROUBLE = st.sampled_from(["put", "put", "remove", "no ledger", "broken manifest", "no manifest"])
STEPS = st.one_of(
    st.tuples(st.just("deploy"), galleries(), SCOPED),
    st.tuples(st.just("killed"), galleries(), SCOPED, st.integers(0, 12), st.booleans()),
    st.tuples(TROUBLE, KEYS),
)


def trouble(world: World, what: str, key: str) -> None:
    """What somebody else does to the bucket."""
    match what:
        case "put":
            world.bucket[key] = b"foreign"
        case "remove":
            world.bucket.pop(key, None)
        case "no ledger":
            world.ledger = Ledger()
        case "broken manifest":
            world.bucket[MANIFEST_KEY] = b"{"
        case "no manifest":
            world.bucket.pop(MANIFEST_KEY, None)


def play(world: World, steps) -> None:
    for what, *arguments in steps:
        if what in ("deploy", "killed"):
            here, settings, *killed = arguments
            plan = planned(world, here, settings)
            if plan:
                stop_after, flushed = killed or (None, True)
                world.apply(plan, here, stop_after, flushed)
        else:
            trouble(world, what, *arguments)


def planned(world: World, here: Here, settings):
    try:
        return world.plan(here, settings)
    except DeployError:
        return None


@settings(max_examples=80)
@given(st.lists(STEPS, max_size=5), galleries(), SCOPED)
def test_a_deployment_makes_the_bucket_what_is_wanted(steps, here, config):
    """Whatever happened before: every wanted object is there with its bytes, and the manifest."""
    world = World()
    play(world, steps)
    plan = world.plan(here, config)
    world.apply(plan, here, None, True)
    for each in here.gallery(config).objects:
        data = here.read(each)
        assert world.bucket[each.key] == published_for(each, data).data
    if not config.site_only:
        live = world.remote().manifest
        assert live is not None
        assert live.content == here.manifest().content
        assert set(world.remote().photo_keys(config.photos_prefix)) <= set(world.bucket)


@settings(max_examples=80)
@given(st.lists(STEPS, max_size=5), galleries(), SCOPED)
def test_the_second_deployment_has_nothing_to_do(steps, here, config):
    """The same deployment twice: the second plans no put, and no delete unless the first could not."""
    world = World()
    play(world, steps)
    first = world.plan(here, config)
    world.apply(first, here, None, True)
    second = world.plan(here, configured(**changed(config, force=False)))
    assert [change for change in second.changes if change.action == "put"] == []
    if not first.warnings:
        assert second.changes == ()
        assert second.kept == {
            key: each for key, each in world.ledger.entries.items() if key in second.kept
        }


@settings(max_examples=80)
@given(st.lists(STEPS, max_size=5), galleries(), SCOPED)
def test_only_what_is_ours_is_deleted(steps, here, config):
    """Keys that no deployment ever wrote or published are neither deleted nor overwritten."""
    world = World()
    play(world, steps)
    published = {each.key for each in here.gallery(config).objects}
    plan = world.plan(here, config)
    ours = world.ours | set(world.ledger.owned(*Owner))
    assert {change.key for change in plan.deletes} <= ours
    assert not {change.key for change in plan.deletes} & published
    assert {change.key for change in plan.changes} <= ours | published | {MANIFEST_KEY}
    if not config.delete or config.site_only:
        assert not [change for change in plan.deletes if change.kind is Kind.PHOTO]
    if not config.delete_stale_site or config.photos_only:
        assert not [change for change in plan.deletes if change.kind is Kind.SITE]


@settings(max_examples=80)
@given(st.lists(STEPS, max_size=5), galleries(), CONFIGS)
def test_nothing_of_ours_is_left_over(steps, here, config):
    """With `delete`, no photo object stays that the ledger or the last manifest says is ours."""
    world = World()
    play(world, steps)
    before = world.remote()
    known = set(before.ledger.owned(Owner.PHOTO)) | set(before.photo_keys(config.photos_prefix))
    plan = world.plan(here, config)
    world.apply(plan, here, None, True)
    if config.delete and not before.faults:
        published = {each.key for each in here.gallery(config).objects}
        site = set(before.ledger.owned(Owner.SITE))
        assert not (known - published - site) & set(world.bucket)


@given(galleries(), st.integers(0, 12), st.booleans(), CONFIGS)
def test_a_killed_deployment_is_taken_up(here, stop_after, flushed, config):
    """A rerun sends nothing that the ledger or the bucket proves to be there."""
    world = World()
    whole = world.plan(here, config)
    world.apply(whole, here, stop_after, flushed)
    rerun = world.plan(here, configured(**changed(config, force=False)))
    sent = {change.key for change in whole.changes[:stop_after]}
    assert not sent & {change.key for change in rerun.changes}


@given(galleries(), galleries(), CONFIGS)
def test_a_directory_becomes_a_gallery(before, here, config):
    """Directory mode first, then a manifest: what is there already is not sent again."""
    world = World()
    directory = Here(before.photos, before.site, directory=True)
    world.apply(world.plan(directory, config), directory, None, True)
    assert world.plan(directory, configured(**changed(config, force=False))).changes == ()
    plan = world.plan(here, configured(**changed(config, force=False)))
    unneeded = [
        change.key
        for change in plan.puts(Kind.PHOTO)
        if world.bucket.get(change.key)
        == published_for(change.wanted, here.read(change.wanted)).data
    ]
    assert unneeded == []
    assert not [change for change in plan.deletes if change.kind is Kind.PHOTO]


@given(st.lists(STEPS, max_size=3), galleries(), galleries(), CONFIGS)
def test_equal_plans_have_equal_hashes(steps, here, other, config):
    """The hash is that of what would be written: the same writes, the same hash, and only then."""
    world = World()
    play(world, steps)
    first, second = world.plan(here, config), world.plan(other, config)
    assert first.hash == world.plan(here, config).hash
    assert (first.hash == second.hash) == (writes(first) == writes(second))


def writes(plan) -> set:
    return {
        (each.action, each.key, each.source, each.edit, each.headers and each.headers.digest)
        for each in plan.changes
    }


def changed(config, **changes):
    """The fields of ``config`` that vary here, with ``changes``."""
    names = (
        "delete",
        "delete_stale_site",
        "photos_prefix",
        "cache_control",
        "photos_only",
        "site_only",
    )
    return {name: getattr(config, name) for name in names} | changes
