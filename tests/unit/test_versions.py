"""One order over every text, two libraries never contradicted, and ranges that do not depend on either."""

from __future__ import annotations

import random
import unicodedata

import pytest
import semver
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from resolvers.knowledge.ranges import VersionRange
from resolvers.knowledge.versions import Scheme, Understood, understand

# The machine may be busy with other tests, so no deadline; nothing is kept between runs.
promise = settings(deadline=None, database=None)


def joined(separator: str, parts: st.SearchStrategy[str], most: int = 3) -> st.SearchStrategy[str]:
    return st.lists(parts, min_size=1, max_size=most).map(separator.join)


# Few and small values, so that equal release numbers and shared prefixes are met often.
number = st.one_of(st.integers(0, 11), st.sampled_from([2**31 - 1, 2**31, 1795218875297])).map(str)
word = st.sampled_from(["alpha", "beta", "rc", "rc1", "rc2", "rc10", "hotfix", "dev", "post", "A", "-", "0a", "x-1"])
build_id = st.one_of(number, word, st.sampled_from(["001", "rev1", "rev2", "rev10", "rev"]))


@st.composite
def semvers(draw: st.DrawFn) -> str:
    core = ".".join(draw(st.sampled_from("0129") | number) for _ in range(3))
    pre = draw(st.none() | joined(".", number | word))
    build = draw(st.none() | joined(".", build_id))
    return core + (f"-{pre}" if pre else "") + (f"+{build}" if build else "")


@st.composite
def pep440_texts(draw: st.DrawFn) -> str:
    epoch = draw(st.sampled_from(["", "", "0!", "1!"]))
    release = ".".join(draw(st.lists(st.sampled_from("0129") | number, min_size=2, max_size=4)))
    pre = draw(st.sampled_from(["", "", "a1", "a", "b2", "rc1", "rc2", "rc10", ".alpha.3", "c1", "-pre4"]))
    post = draw(st.sampled_from(["", "", ".post1", "-2", ".post10", "r3", ".post"]))
    dev = draw(st.sampled_from(["", "", ".dev1", ".dev10", ".dev"]))
    return draw(st.sampled_from(["", "v"])) + epoch + release + pre + post + dev


def is_pep440(raw: str) -> bool:
    return understand(raw).scheme is Scheme.PEP440


local_parts = st.sampled_from(["", "", "+abc", "+1", "+01", "+rev2", "+rev10", "+abc.1", "+abc-1.x", "+ABC"])
public_pep440s = pep440_texts().filter(is_pep440)  # not the three plain numbers, which are SemVer's
pep440s = st.tuples(pep440_texts(), local_parts).map("".join).filter(is_pep440)


dates = st.sampled_from(["2026.03.04", "2026-3-4", "2026/12/31", "1999.1.1", "2026.02.30", "2026.13.01"])
oddities = st.sampled_from(
    ["", "v", "1", "01", "²", "٣", "1-1", "1.0\n", " 1.0", "e\u0301", "\u00e9", "spring-a", "9" * 5000]
)
texts = st.one_of(
    semvers(), pep440s, dates, number, oddities, st.text(max_size=6), st.text("0123456789.-+rcv!", max_size=9)
)


def order(left: Understood, right: Understood) -> int:
    return (left.order_key > right.order_key) - (left.order_key < right.order_key)


def library_order(left: Version, right: Version) -> int:
    return (left > right) - (left < right)


# --- understanding ---


@pytest.mark.parametrize(
    ("raw", "scheme", "normalized"),
    [
        pytest.param("1.2.3", Scheme.SEMVER, "1.2.3", id="strict"),
        pytest.param("v1.2.3", Scheme.SEMVER, "1.2.3", id="behind a v"),
        pytest.param("1.2.3-hotfix.1", Scheme.SEMVER, "1.2.3-hotfix.1", id="a pre-release packaging refuses"),
        pytest.param("1.2.3-1795218875297", Scheme.SEMVER, "1.2.3-1795218875297", id="a draft, no post-release"),
        pytest.param("1.2.3+rev1", Scheme.SEMVER, "1.2.3+rev1", id="a rebuild"),
        pytest.param("1.2", Scheme.PEP440, "1.2", id="two numbers"),
        pytest.param("V1.2.3.4", Scheme.PEP440, "1.2.3.4", id="four numbers"),
        pytest.param("1!2.0.POST1", Scheme.PEP440, "1!2.0.post1", id="epoch"),
        pytest.param("01.02.03", Scheme.PEP440, "1.2.3", id="leading zeros"),
        pytest.param("1", Scheme.NUMBER, "1", id="a number packaging takes for a version"),
        pytest.param("007", Scheme.NUMBER, "7", id="a padded number"),
        pytest.param("20260304", Scheme.NUMBER, "20260304", id="all digits come before dates"),
        pytest.param("2026.03.04", Scheme.DATE, "2026-03-04", id="a date packaging takes for a version"),
        pytest.param("2026.3.4", Scheme.DATE, "2026-03-04", id="a date SemVer takes for a version"),
        pytest.param("2026-03-04", Scheme.DATE, "2026-03-04", id="iso date"),
        pytest.param("2026.02.30", Scheme.PEP440, "2026.2.30", id="no such day"),
        pytest.param("2026.13.1", Scheme.SEMVER, "2026.13.1", id="no such month"),
        pytest.param("2100.1.1", Scheme.SEMVER, "2100.1.1", id="no year of ours"),
        pytest.param("2026.03-04", Scheme.PEP440, "2026.3.post4", id="mixed separators"),
        pytest.param("v12", Scheme.LABEL, None, id="readable but without a dot"),
        pytest.param("1-1", Scheme.LABEL, None, id="a post-release without a dot"),
        pytest.param("²", Scheme.LABEL, None, id="a digit that is no number"),
        pytest.param("56.develop", Scheme.LABEL, None, id="a build's name"),
        pytest.param("1.2-hotfix.1", Scheme.LABEL, None, id="neither scheme's"),
        pytest.param("spring-a", Scheme.LABEL, None, id="a name"),
        pytest.param("", Scheme.LABEL, None, id="nothing"),
    ],
)
def test_a_text_is_read_by_the_first_scheme_that_claims_it(raw: str, scheme: Scheme, normalized: str | None) -> None:
    understood = understand(raw)

    assert (understood.raw, understood.scheme, understood.normalized) == (raw, scheme, normalized)


def test_a_label_of_an_adapter_is_never_read() -> None:
    understood = understand("1.2.3-rc.1", is_label=True)

    assert understood == Understood(
        raw="1.2.3-rc.1",
        scheme=Scheme.LABEL,
        normalized=None,
        major=None,
        minor=None,
        patch=None,
        prerelease=None,
        build=None,
        is_prerelease=False,
        order_key=(3, ("1.2.3-rc.1",), (), "1.2.3-rc.1", "1.2.3-rc.1"),
    )


@pytest.mark.parametrize(
    ("raw", "parts"),
    [
        pytest.param("v1.2.3-rc.1+rev2", (1, 2, 3, "rc.1", "rev2", True), id="semver"),
        pytest.param("1.2.3-1", (1, 2, 3, "1", None, True), id="what packaging calls a post-release"),
        pytest.param("1.2", (1, 2, 0, None, None, False), id="padded"),
        pytest.param("1!1.2rc1.post2.dev3+Ab.1", (1, 2, 0, "rc1.post2.dev3", "ab.1", True), id="pep 440"),
        pytest.param("1.2.dev3", (1, 2, 0, "dev3", None, True), id="dev"),
        pytest.param("1.2.post3", (1, 2, 0, None, None, False), id="post"),
        pytest.param("2147483647.2147483648.1", (2147483647, None, 1, None, None, False), id="beyond Int"),
        pytest.param("42", (None, None, None, None, None, False), id="number"),
        pytest.param("2026.03.04", (None, None, None, None, None, False), id="date"),
    ],
)
def test_parts_are_those_of_the_scheme(raw: str, parts: tuple[object, ...]) -> None:
    got = understand(raw)

    assert (got.major, got.minor, got.patch, got.prerelease, got.build, got.is_prerelease) == parts


def test_the_same_text_is_understood_once() -> None:
    assert understand("9.8.7-once") is understand("9.8.7-once")


@promise
@given(texts)
def test_no_text_is_beyond_understanding(raw: str) -> None:
    assert understand(raw).raw == raw


# --- the order ---


@pytest.mark.parametrize(
    "ascending",
    [
        pytest.param(
            ["1.0.0-1", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0"],
            id="semver.org's own",
        ),
        pytest.param(["1.0.0-rc.2", "1.0.0-rc.10", "1.0.0-rc10", "1.0.0-rc2"], id="SemVer where both claim"),
        pytest.param(
            ["1.0.dev1", "1.0a1.dev2", "1.0a1", "1.0b1", "1.0rc1", "1.0", "1.0.post1.dev1", "1.0.post1"], id="pep 440"
        ),
        pytest.param(["9.9", "1!0.1"], id="an epoch outweighs numbers"),
        pytest.param(
            ["1.2.0-rc.1", "1.2rc2", "1.2.0-rc.3", "1.2", "1.2.0", "1.2.0+rev1", "1.2.post1", "1.2.1"], id="padded"
        ),
        pytest.param(
            ["1.2.3-1795218875297", "1.2.3", "1.2.3+rev2", "1.2.3+rev10"], id="balena: draft, final, rebuilds"
        ),
        pytest.param(["2147483648.0.0", "99999999999999999999.0.0", "100000000000000000000.0.0"], id="beyond Int"),
        pytest.param(
            ["9999.0.0", "1999.12.31", "2026.03.04", "2026-03-05", "1", "2", "10", "9" * 5000, "Z", "a"], id="schemes"
        ),
        pytest.param(["label", "e\u0301", "\u00e9", "\u00e9a"], id="labels by code point after NFC"),
        pytest.param(["2026-03-04", "2026.03.04"], id="two spellings of a day"),
    ],
)
def test_texts_stand_in_this_order(ascending: list[str]) -> None:
    shuffled = random.Random(7).sample(ascending, len(ascending))

    assert sorted(shuffled, key=lambda raw: understand(raw).order_key) == ascending


@promise
@given(texts, texts)
def test_two_texts_tie_only_if_they_are_the_same(left: str, right: str) -> None:
    forth, back = order(understand(left), understand(right)), order(understand(right), understand(left))

    assert forth == -back
    assert (forth == 0) == (left == right)


@promise
@given(st.lists(texts | texts.map(lambda raw: raw + "+rev2"), max_size=12), st.randoms(use_true_random=False))
def test_any_texts_have_one_order_however_they_came(raws: list[str], random_: random.Random) -> None:
    keys = sorted(understand(raw).order_key for raw in raws)
    again = [understand(raw).order_key for raw in raws]
    random_.shuffle(again)

    assert sorted(again) == keys
    assert all(keys[i] <= keys[j] for i in range(len(keys)) for j in range(i, len(keys)))


@promise
@given(semvers(), semvers())
def test_python_semver_is_never_contradicted(left: str, right: str) -> None:
    mine = order(understand(left), understand(right))
    theirs = semver.Version.parse(left).compare(right)

    assert theirs in (0, mine)


@promise
@given(pep440s, pep440s)
def test_packaging_is_never_contradicted_on_pep440(left: str, right: str) -> None:
    mine = order(understand(left), understand(right))

    assert library_order(Version(left), Version(right)) in (0, mine)


@promise
@given(texts, st.sampled_from(["NFC", "NFD"]))
def test_labels_compare_after_nfc(raw: str, form: str) -> None:
    respelled = unicodedata.normalize(form, raw)  # type: ignore[arg-type]  # typeshed wants a literal

    label = understand(raw, is_label=True)

    assert understand(respelled, is_label=True).precedence == label.precedence


@pytest.mark.parametrize("raw", ["1.2", "v1.2.0", "1.2.0", "1.2.0.0", "1.2.0+rev1", "1.2+local", "0!1.2"])
def test_precedence_is_one_for_all_spellings_of_a_version(raw: str) -> None:
    assert understand(raw).precedence == understand("1.2.0").precedence


# --- ranges ---


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        pytest.param(
            ">=1.2,<2", ["1.2", "1.2.0", "v1.9.9"], ["1.1.9", "2.0.0", "2.0.0-rc.1", "1.3.0-rc.1"], id="between"
        ),
        pytest.param(" >= 1.2 , < 2 ", ["1.5.0"], ["2.1.0"], id="blanks"),
        pytest.param("==1.2.3", ["1.2.3", "v1.2.3", "1.2.3+rev1", "1.2.3.0"], ["1.2.3-rc.1", "1.2.4"], id="equal"),
        pytest.param("==1.2.3+rev1", ["1.2.3", "1.2.3+rev2"], ["1.2.4"], id="build has no say"),
        pytest.param(">1.2.3", ["1.2.4"], ["1.2.3+rev1", "1.2.3.post1"], id="a rebuild is not later"),
        pytest.param("<=1.2.3", ["1.2.3+rev1", "1.2.3"], ["1.2.3.post1"], id="a rebuild is not later either"),
        pytest.param("!=1.2.3", ["1.2.4"], ["1.2.3", "1.2.3+rev1", "1.2.4-rc.1"], id="unequal"),
        pytest.param("!=1.3.0-rc.1", ["1.3.0"], ["1.3.0-rc.1", "1.3.0-rc.2"], id="to exclude is not to ask"),
        pytest.param("==1.2.*", ["1.2", "1.2.9", "1.2.0.4", "1.2.1+rev1"], ["1.20.0", "1.3.0", "1!1.2.0"], id="prefix"),
        pytest.param("==1.0.*", ["1.0.0", "1.0", "1.0.5"], ["1.1.0", "10.0.0"], id="prefix with a zero"),
        pytest.param("!=1.2.*", ["1.3.0"], ["1.2.0", "1.2.7"], id="prefix excluded"),
        pytest.param("~=1.4.2", ["1.4.2", "1.4.10"], ["1.4.1", "1.5.0"], id="compatible patch"),
        pytest.param("~=1.4", ["1.4.0", "1.9.0"], ["1.3.9", "2.0.0"], id="compatible minor"),
        pytest.param("~=1.4.2-rc.1", ["1.4.2-rc.2", "1.4.2", "1.4.9"], ["1.5.0", "1.4.2-beta.1"], id="compatible rc"),
        pytest.param(">=1.3.0-rc.1", ["1.3.0-rc.1", "1.3.0-rc.2", "1.3.0"], ["1.3.0-beta.9", "1.2.9"], id="names one"),
        pytest.param(">=1.2.3-hotfix.1", ["1.2.3-hotfix.2"], ["1.2.3-alpha"], id="packaging refuses the name"),
        pytest.param(
            "<2", ["1.9.0", "0.1"], ["1", "2026.03.04", "1999-12-31", "spring-a", "2.0.0"], id="versions only"
        ),
        pytest.param(">=2026.01.01", ["2026.13.0", "3000.0.0"], ["2026.03.04", "20260304"], id="dates never match"),
    ],
)
def test_a_range_holds_these_and_not_those(text: str, inside: list[str], outside: list[str]) -> None:
    within = VersionRange.parse(text)

    held = [raw for raw in inside + outside if within.contains(understand(raw), include_prereleases=False)]

    assert held == inside


@pytest.mark.parametrize(
    ("text", "raw", "held"),
    [
        pytest.param(">=1.2", "1.3.0-rc.1", True, id="inside"),
        pytest.param(">=1.2", "1.2.3-1795218875297", True, id="a draft is no post-release"),
        pytest.param("<1.2.3", "1.2.3-1795218875297", False, id="a draft of the bound"),
        pytest.param("<2", "2.0.0-rc.1", False, id="a pre-release of the bound"),
        pytest.param("<2.0.0-rc.2", "2.0.0-rc.1", True, id="the bound is one itself"),
        pytest.param("==1.2.*", "1.2.0-rc.1", True, id="prefix"),
        pytest.param("==1.2.3", "1.2.3-rc.1", False, id="equal"),
    ],
)
def test_prereleases_are_compared_when_included(text: str, raw: str, held: bool) -> None:
    assert VersionRange.parse(text).contains(understand(raw), include_prereleases=True) is held


@promise
@given(public_pep440s, public_pep440s, st.sampled_from(["==", "!=", "<=", ">=", "<", ">", "~="]))
def test_ranges_agree_with_packaging_where_it_can_read(raw: str, bound: str, sign: str) -> None:
    held = VersionRange.parse(sign + bound).contains(understand(raw), include_prereleases=True)

    assert held == SpecifierSet(sign + bound).contains(raw, prereleases=True)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        pytest.param("", "is empty", id="nothing"),
        pytest.param(">=1.2,", "is empty", id="a comma too many"),
        pytest.param("1.2", "clause `1.2` of the version range starts with no operator", id="bare"),
        pytest.param("^1.2", "starts with no operator", id="npm's caret"),
        pytest.param("=>1.2", "starts with no operator", id="turned round"),
        pytest.param(">=", "names ``, which is no version", id="no version"),
        pytest.param("~> 1.2", "starts with no operator", id="Elixir's"),
        pytest.param(">=1.2 <2", "names `1.2 <2`, which is no version", id="no comma"),
        pytest.param(">=spring-a", "names `spring-a`, which is no version", id="a label"),
        pytest.param(">=1.2.*", r"has `\.\*`, which only == and != take", id="prefix with an order"),
        pytest.param("==1.2rc1.*", r"has `\.\*` behind more than release numbers", id="prefix of a pre-release"),
        pytest.param("==1.2+abc.*", r"has `\.\*` behind more than release numbers", id="prefix of a build"),
        pytest.param("~=2", "needs at least two release numbers", id="compatible with everything"),
        pytest.param("===1.2", "asks for a spelling, which is the filter `versions`", id="as spelled"),
        pytest.param(">=" + "9" * 5000, "names `9{40}…`, which is no version", id="longer than int reads"),
        pytest.param(",".join([">1"] * 33), "33 clauses, at most 32", id="too many"),
    ],
)
def test_a_wrong_range_says_what_is_wrong(text: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        VersionRange.parse(text)


def test_a_wrong_range_says_what_is_accepted() -> None:
    with pytest.raises(ValueError, match=r"\(== != <= >= < > ~=\) and a version, joined by commas, such as `>=1.2,<2`"):
        VersionRange.parse("latest")


@promise
@given(st.text(max_size=20) | st.text("0123456789.<>=!~*,v+- rc", max_size=14))
def test_a_range_parses_or_says_why_not(text: str) -> None:
    try:
        VersionRange.parse(text).contains(understand("1.2.3"), include_prereleases=True)
    except ValueError as error:
        assert str(error).endswith(".")  # noqa: PT017  # most texts raise, some parse: both keep the promise
