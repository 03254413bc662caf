"""No forbidden address is dialled, in whatever form a user, a name server or a redirect brings it.

The door's `dial` is replaced by one that writes down and refuses, and an audit hook
watches every real `connect()` of this process besides.
"""

import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from jobs.errors import Problem
from jobs.net import Door, Policy, Refused, Unreachable, check_url, fetch_public, post_public

PUBLIC = Policy()
HOME = Policy(allow_private=True)


def words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


PRIVATE = words("""
10.0.0.0 10.0.0.1 10.255.255.255 127.0.0.1 127.0.0.2 127.1.2.3 127.255.255.255 172.16.0.1 172.31.255.255
192.168.0.1 192.168.1.254 192.168.255.255 ::1 fc00::1 fd00::1 fd12:3456:789a::1
fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:192.168.1.1 ::ffff:7f00:1
::ffff:ac10:1
""")

NEVER = words("""
0.0.0.0 0.0.0.1 0.1.2.3 0.255.255.255 100.64.0.0 100.64.0.1 100.100.100.200 100.127.255.255 168.63.129.16
169.254.0.0 169.254.0.23 169.254.42.42 169.254.169.123 169.254.169.253 169.254.169.254 169.254.170.2
169.254.255.255 192.0.0.1 192.0.0.8 192.0.0.170 192.0.0.192 192.0.2.1 192.88.99.1 192.88.99.2 198.18.0.1
198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 224.0.0.251 232.1.2.3 239.255.255.250 239.255.255.255
240.0.0.1 250.1.2.3 255.255.255.254 255.255.255.255 :: ::2 ::127.0.0.1 ::169.254.169.254 ::8.8.8.8
::ffff:0.0.0.0 ::ffff:169.254.169.254 ::ffff:a9fe:a9fe ::ffff:168.63.129.16 ::ffff:224.0.0.1
::ffff:255.255.255.255 ::ffff:100.100.100.200 ::ffff:0:127.0.0.1 ::ffff:0:8.8.8.8 64:ff9b::127.0.0.1
64:ff9b::10.0.0.1 64:ff9b::169.254.169.254 64:ff9b::a9fe:a9fe 64:ff9b::168.63.129.16 64:ff9b::192.168.0.1
64:ff9b::0.0.0.0 64:ff9b::224.0.0.1 64:ff9b:1::8.8.8.8 64:ff9b:1::a9fe:a9fe 64:ff9b:0:1::1 100::1 100:0:0:1::1
2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:0:a9fe:a9fe::1 2001:2::1 2001:10::1 2001:20::1 2001:1ff::1
2001:db8::1 2001:db8:ffff::1 2002:7f00:1:: 2002:7f00:0001::1 2002:a9fe:a9fe::1 2002:a00:1::1 2002:c0a8:101::1
2002:808:808::1 3fff::1 3fff:fff::1 5f00::1 4000::1 8000::1 e000::1 fd00:ec2::254 fd00:ec2::253 fd00:ec2::123
fd00:42::42 fd20:ce::254 fe00::1 fe80:: fe80::1 fe80::a9fe:a9fe febf::1 fec0::1 feff::1 ff00::1 ff01::1 ff02::1
ff02::fb ff05::2 ff0e::1 ffff::1
""")

# As resolvers write them; in a URL they are malformed.
ONLY_FROM_RESOLVERS = (
    *words("""
fe80::1%eth0 fe80::1%1 ::1%lo 2606:4700::1%eth0 1.1.1 127.1 localhost 0x7f.0.0.1 8.8.8.8.8
"""),
    "",
    "8.8.8.8 ",
    "\u0661.1.1.1",
)

ALLOWED = words("""
1.1.1.1 8.8.8.8 93.184.216.34 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0
168.63.129.15 168.63.129.17 169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 192.0.1.0 192.167.255.255
192.169.0.0 198.17.255.255 198.20.0.0 223.255.255.255 2606:4700:4700::1111 2001:4860:4860::8888
2a00:1450:4001::1 2001:200::1 2003::1 2400::1 64:ff9b::8.8.8.8 ::ffff:8.8.8.8
""")

# Hosts that hide an address, or that are none. Refused by their form, in both kinds of installation.
DISGUISED = (
    *words("""
2130706433 017700000001 0x7f000001 0x7F000001 0X7F.1 127.1 127.0.1 0177.0.0.1 0177.1 0x7f.0.0.1 0x7f.0x0.0x0.0x1
127.0.0.01 127.0.0.1. 127.0.0.0x1 00127.0.0.1 0x00000000007f.0.0.1 1.2.3.0x 2852039166 0xa9fea9fe
0251.0376.0251.0376 0xa9.0xfe.0xa9.0xfe 169.254.43518 169.16689662 425.510.425.510 4294967295 4294967296 0 0x0
00 1.2.3.4.5 256.1.1.1 127.0.0.1%00.example.com 127.0.0.1%2eexample.com %31%32%37.0.0.1 %6cocalhost loc%61lhost
example%2ecom １２７.０.０.１ ①②⑦.⓪.⓪.① ₁₂₇.0.0.1 ０x7f000001 ⑯⑨.254.⑯⑨.254 l\u00adocalhost ｌｏｃａｌｈｏｓｔ ⓛocalhost
ℓocalhost loca\u200blhost \u202elocalhost ſ.com localhost. example.com. .example.com a..b -a.com a-.com
ex,ample.com ex!ample.com (example).com example.com;x [::1%25eth0] [::1%eth0] [fe80::1%251] [::1 ::1] [::1]]
[[::1]] [v1.fe80::1] [127.0.0.1] [::ffff:127.1] [] [:] ::1 [1:2:3:4:5:6:7:8:9] [::1]x [::g]
"""),
    "",
    "a" * 64 + ".com",
    "a." * 130 + "com",
)

# Names that mean nothing on the public web.
LOCAL_NAMES = words("""
localhost LOCALHOST Localhost foo.localhost localhost.localdomain printer.local router.lan nas.home.arpa
metadata.google.internal instance-data.ec2.internal kubernetes.default.svc.cluster.local intranet metadata a
wpad
""")


@dataclass
class Road:
    """A door that looks up what it is told and dials nothing."""

    answers: Callable[[str], list[str]] = lambda host: ["93.184.216.34"]
    dialled: list[tuple[str, int]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    @property
    def door(self) -> Door:
        return Door(resolve=self._resolve, dial=self._dial)

    def _resolve(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        return self.answers(host)

    def _dial(self, address: str, port: int, seconds: float) -> socket.socket:
        self.dialled.append((address, port))
        raise ConnectionRefusedError


def answering(addresses: list[str]) -> Callable[[str], list[str]]:
    return lambda host: addresses


_connects: list[object] | None = None


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    if event in ("socket.connect", "socket.sendto") and _connects is not None:
        _connects.append(arguments[1])


sys.addaudithook(_watch)


@pytest.fixture(autouse=True)
def connects() -> Iterator[list[object]]:
    """What this process really connected to."""
    global _connects
    _connects = []
    yield _connects
    _connects = None


def refusals(url: str, road: Road, policy: Policy, folder: Path) -> list[Problem]:
    """What both errands answer."""
    with pytest.raises(Problem) as fetching:
        fetch_public(url, folder / "file", policy=policy, max_bytes=1000, seconds=20, door=road.door)
    with pytest.raises(Problem) as posting:
        post_public(url, b"{}", {}, policy=policy, seconds=20, door=road.door)
    return [fetching.value, posting.value]


def literal(address: str) -> str:
    return f"http://[{address}]/" if ":" in address else f"http://{address}/"


FORBIDDEN = [
    *((PUBLIC, address) for address in (*PRIVATE, *NEVER)),
    *((HOME, address) for address in NEVER),
]


def named(value: object) -> str | None:
    if isinstance(value, Policy):
        return "home" if value.allow_private else "public"
    return ascii(value)[:40] if isinstance(value, str) else None


def test_the_table_is_as_large_as_promised() -> None:
    assert len({*PRIVATE, *NEVER, *ONLY_FROM_RESOLVERS, *DISGUISED, *LOCAL_NAMES}) >= 150


def test_the_watch_sees_a_connect(connects: list[object]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        with socket.create_connection(server.getsockname()):
            pass
        assert connects == [server.getsockname()]


@pytest.mark.parametrize(("policy", "address"), FORBIDDEN, ids=named)
def test_forbidden_addresses(policy: Policy, address: str, tmp_path: Path, connects: list[object]) -> None:
    """As the host itself, as the only answer of a name server, and among good answers."""
    for url, answers in (
        (literal(address), []),
        ("http://example.com/", [address]),
        ("http://example.com/", ["93.184.216.34", address]),
        ("http://example.com/", [address, "2606:4700::1111"]),
    ):
        road = Road(answering(answers))
        for refusal in refusals(url, road, policy, tmp_path):
            assert isinstance(refusal, Refused)
            assert "not public" in refusal.sentence
        assert road.dialled == []
        assert connects == []


@pytest.mark.parametrize("policy", [PUBLIC, HOME], ids=named)
@pytest.mark.parametrize("address", ONLY_FROM_RESOLVERS, ids=named)
def test_answers_that_are_no_plain_address(address: str, policy: Policy, tmp_path: Path) -> None:
    road = Road(answering([address]))
    for refusal in refusals("http://example.com/", road, policy, tmp_path):
        assert isinstance(refusal, Refused)
    assert road.dialled == []


@pytest.mark.parametrize(
    ("policy", "address"),
    [*((PUBLIC, address) for address in ALLOWED), *((HOME, address) for address in (*ALLOWED, *PRIVATE))],
    ids=named,
)
def test_allowed_addresses_are_dialled_as_they_are(policy: Policy, address: str, tmp_path: Path) -> None:
    for url in (literal(address), "http://example.com/"):
        road = Road(answering([address]))
        for refusal in refusals(url, road, policy, tmp_path):
            assert isinstance(refusal, Unreachable)
        assert road.dialled == [(address, 80), (address, 80)]


@pytest.mark.parametrize("policy", [PUBLIC, HOME], ids=named)
@pytest.mark.parametrize("host", DISGUISED, ids=named)
def test_disguised_hosts(host: str, policy: Policy, tmp_path: Path, connects: list[object]) -> None:
    for url in (f"http://{host}/", f"http://{host}:8080/x", f"https://{host}?x"):
        road = Road()
        for refusal in refusals(url, road, policy, tmp_path):
            assert isinstance(refusal, Refused)
        assert (road.asked, road.dialled, connects) == ([], [], [])


@pytest.mark.parametrize("host", ["127。0。0。1", "127．0．0．1", "169．254．169．254"])
def test_other_alphabets_dots_are_dots(host: str, tmp_path: Path) -> None:
    road = Road()
    for refusal in refusals(f"http://{host}/", road, PUBLIC, tmp_path):
        assert "not public" in refusal.sentence
    assert (road.asked, road.dialled) == ([], [])


@pytest.mark.parametrize("host", LOCAL_NAMES)
def test_local_names(host: str, tmp_path: Path) -> None:
    road = Road()
    for refusal in refusals(f"http://{host}/", road, PUBLIC, tmp_path):
        assert isinstance(refusal, Refused)
    assert (road.asked, road.dialled) == ([], [])
    check_url(f"http://{host}/", HOME)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "not a complete URL"),
        ("example.com/a.png", "not a complete URL"),
        ("//example.com/a.png", "not a complete URL"),
        ("http:/example.com", "not a complete URL"),
        ("http:example.com", "not a complete URL"),
        ("ftp://example.com/", "does not begin with https:// or http://"),
        ("file:///etc/passwd", "does not begin with https:// or http://"),
        ("gopher://example.com/", "does not begin with https:// or http://"),
        ("unix:///var/run/docker.sock", "does not begin with https:// or http://"),
        ("http+unix://%2Fvar%2Frun/x", "does not begin with https:// or http://"),
        ("http://user@example.com/", "user name"),
        ("http://user:password@example.com/", "user name"),
        ("http://@example.com/", "user name"),
        ("http://:@example.com/", "user name"),
        ("http://example.com@127.0.0.1/", "user name"),
        ("http://example.com%40127.0.0.1/", "no valid host"),
        ("http://127.0.0.1\\@example.com/", "characters"),
        ("http://example.com\\.evil.com/", "characters"),
        ("http://example.com/a b", "characters"),
        ("http://exam\tple.com/", "characters"),
        ("http://example.com/\r\nHost: x", "characters"),
        ("http://example.com/\x00", "characters"),
        (" http://example.com/", "characters"),
        ("http://example.com/\u00a0", "characters"),
        ("http://example.com:0/", "port 0"),
        ("http://example.com:22/", "port 22"),
        ("http://example.com:25/", "port 25"),
        ("http://example.com:6379/", "port 6379"),
        ("http://example.com:65536/", "port 65536"),
        ("http://example.com:99999/", "port 99999"),
        ("http://example.com:999999/", "no valid host"),
        ("http://example.com:+80/", "no valid host"),
        ("http://example.com:８０/", "no valid host"),
        ("http://example.com:-1/", "no valid host"),
        ("http://example.com:80:80/", "no valid host"),
        ("http://example.com:http/", "no valid host"),
        ("http://?x", "no valid host"),
        ("http:///a", "no valid host"),
        ("http://#@example.com/", "no valid host"),
        ("http://ex\udcffample.com/", "no valid host"),
        ("http://example.com/" + "a" * 2048, "longer than 2048"),
    ],
    ids=named,
)
def test_malformed_urls(url: str, words: str, tmp_path: Path) -> None:
    road = Road()
    for refusal in refusals(url, road, PUBLIC, tmp_path):
        assert isinstance(refusal, Refused)
        assert words in refusal.sentence
        assert refusal.sentence.startswith("this ")
    assert (road.asked, road.dialled) == ([], [])


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("http://example.com", "example.com", 80),
        ("HTTPS://Example.COM/a?b#c", "example.com", 443),
        ("http://example.com:8080/", "example.com", 8080),
        ("https://example.com:8443", "example.com", 8443),
        ("https://münchen.de/größe.png", "xn--mnchen-3ya.de", 443),
        ("https://例え.テスト/", "xn--r8jz45g.xn--zckzah", 443),
        ("https://my_bucket.s3.amazonaws.com/a%20b?x=@:8080//[]", "my_bucket.s3.amazonaws.com", 443),
        ("https://1.2.3.4.example.com/", "1.2.3.4.example.com", 443),
        ("https://0x7f.example.com/", "0x7f.example.com", 443),
    ],
)
def test_good_urls(url: str, host: str, port: int, tmp_path: Path) -> None:
    check_url(url, PUBLIC)
    road = Road()
    for refusal in refusals(url, road, PUBLIC, tmp_path):
        assert isinstance(refusal, Unreachable)
    assert road.asked == [host, host]
    assert road.dialled == [("93.184.216.34", port)] * 2


def test_https_only() -> None:
    check_url("https://example.com/", PUBLIC, https_only=True)
    with pytest.raises(Refused, match="https://"):
        check_url("http://example.com/", PUBLIC, https_only=True)


def test_any_port_at_home() -> None:
    check_url("http://192.168.1.7:6379/", HOME)
    with pytest.raises(Refused, match="port 0"):
        check_url("http://192.168.1.7:0/", HOME)


def test_a_name_is_looked_up_once(tmp_path: Path) -> None:
    """A name server that changes its mind (rebinding) is not asked again between the check and the call."""
    minds = iter([["93.184.216.34"], ["127.0.0.1"]])
    road = Road(lambda host: next(minds))
    with pytest.raises(Unreachable):
        post_public("http://example.com/", b"", {}, policy=PUBLIC, door=road.door)
    assert (road.asked, road.dialled) == (["example.com"], [("93.184.216.34", 80)])


def test_every_address_gets_its_turn_but_not_more_than_four(tmp_path: Path) -> None:
    road = Road(lambda host: ["1.1.1.1", "2606:4700::1111", "1.1.1.2", "1.1.1.3", "1.1.1.4"])
    with pytest.raises(Unreachable, match="does not take connections"):
        post_public("https://example.com/", b"", {}, policy=PUBLIC, door=road.door)
    assert [address for address, _ in road.dialled] == ["1.1.1.1", "2606:4700::1111", "1.1.1.2", "1.1.1.3"]


@pytest.mark.parametrize("answer", [OSError("no such name"), UnicodeError("label too long")])
def test_an_unknown_name(answer: Exception) -> None:
    def fail(host: str) -> list[str]:
        raise answer

    with pytest.raises(Unreachable, match="not known"):
        post_public("https://example.com/", b"", {}, policy=PUBLIC, door=Road(fail).door)


def test_a_name_without_addresses() -> None:
    with pytest.raises(Unreachable, match="not known"):
        post_public("https://example.com/", b"", {}, policy=PUBLIC, door=Road(lambda host: []).door)
