"""The world as a NervesHub server holds it: the same versions and commits as elsewhere, where they are SemVer."""

from __future__ import annotations

from datetime import datetime, timedelta

from semver import Version

from upstream_mocks.nerveshub.model import (
    Conditions,
    Device,
    Firmware,
    Group,
    GroupRelease,
    Hub,
    Org,
    Product,
    Role,
    User,
)
from upstream_mocks.world import Cut, Presence, World

MAX_PRODUCTS = 4
DEMO_TOKEN = "demo-nerveshub-token"
SECOND_BOARD = ("rpi5", "aarch64", "fwup")
_STATUSES = {"connected": 60, "disconnected": 25, "connecting": 3, "not_seen": 12}
_GROUP_SHARES = {"production": 70, "beta": 15, "Prod Deployment": 5, "": 10}
_SECOND_BOARDS = {"gauge": ("esp32", "xtensa", "esp-idf")}


def hub(world: World) -> Hub:
    presences = world.presences("nerveshub")[:MAX_PRODUCTS]
    orgs = sorted({presence.product.organization for presence in presences})
    filled = Hub(today=world.now, users=_users(orgs))
    born = world.now - timedelta(days=900)
    filled.orgs = {name: Org(name, born + timedelta(days=index)) for index, name in enumerate(orgs)}
    for presence in presences:
        _fill(filled, world, presence)
    return filled


def _users(orgs: list[str]) -> tuple[User, ...]:
    """The demo's user may everything; the others are there to be refused."""

    def of(name: str, role: Role | None) -> User:
        token = DEMO_TOKEN if name == "demo" else f"demo-nerveshub-{name}-token"
        roles = {} if role is None else dict.fromkeys(orgs, role)
        return User(name.title(), f"{name}@nerveshub.example", f"{name}-nerveshub-password", token, roles)

    return (of("demo", Role.ADMIN), of("manage", Role.MANAGE), of("view", Role.VIEW), of("stranger", None))


def _fill(filled: Hub, world: World, presence: Presence) -> None:
    slug, org = presence.product.slug, presence.product.organization
    product = Product(org, slug, archives=(world.uuid("nerveshub", "archive", slug),))
    filled.orgs[org].products[slug] = product
    shipped = [cut for cut in presence.cuts if Version.is_valid(cut.version)]
    product.firmwares = [firmware for cut in shipped for firmware in _firmwares(world, presence, cut)]
    product.allowed_update_tools = sorted({"fwup", *(firmware.tool for firmware in product.firmwares)}, reverse=True)
    product.groups = {group.name: group for group in _groups(filled, world, presence, product)}
    for device in _devices(world, presence, product):
        filled.devices[device.identifier] = device


def _firmwares(world: World, presence: Presence, cut: Cut) -> list[Firmware]:
    """One for each board: the product's own always, a second one for about half of the versions."""
    product = presence.product
    rng = world.rng("nerveshub", "firmware", product.slug, cut.ordinal)
    boards = [(product.platform, product.architecture, "fwup")]
    if rng.random() < 0.5:
        boards.append(_SECOND_BOARDS.get(product.slug, SECOND_BOARD))
    author = cut.author if rng.random() < 0.8 else None
    commit = cut.commit if rng.random() < 0.7 else None
    return [
        Firmware(
            uuid=world.uuid("nerveshub", "firmware", product.slug, cut.version, platform),
            version=cut.version,
            architecture=architecture,
            platform=platform,
            author=author,
            tool=tool,
            inserted_at=cut.created_at + timedelta(minutes=20 * index),
            description=f"{product.name} firmware",
            vcs_identifier=commit,
        )
        for index, (platform, architecture, tool) in enumerate(boards)
    ]


def _groups(filled: Hub, world: World, presence: Presence, product: Product) -> list[Group]:
    own = [firmware for firmware in product.firmwares if firmware.platform == presence.product.platform]
    second = [firmware for firmware in product.firmwares if firmware not in own]

    def group(name: str, history: list[Firmware], is_active: bool, conditions: Conditions) -> Group:
        releases = [
            GroupRelease(number, firmware, min(firmware.inserted_at + timedelta(hours=20), world.now))
            for number, firmware in enumerate(history, start=1)
        ]
        return Group(filled.next_id(), name, is_active, conditions, releases)

    return [
        group("production", own[-4:-1] or own, True, Conditions(">= 1.0.0", ["prod"])),
        group("beta", own[-2:], True, Conditions("", ["beta", "lab"], "or")),
        group("Prod Deployment", second[-2:] or own[:1], False, Conditions("~> 1.0", ["prod", "old-board"])),
    ]


def _devices(world: World, presence: Presence, product: Product) -> list[Device]:
    """Numbered without padding, so that their order as text is not that of the numbers; one more was retired."""
    slug = presence.product.slug
    devices = [_device(world, product, f"{slug}-{number}") for number in range(1, presence.product.device_count + 1)]
    return [*devices, Device(f"{slug}-retired", product, description="Returned", tags=["prod"], deleted=True)]


def _device(world: World, product: Product, identifier: str) -> Device:
    rng = world.rng("nerveshub", "device", identifier)
    status = rng.choices(list(_STATUSES), list(_STATUSES.values()))[0]
    group = product.groups.get(rng.choices(list(_GROUP_SHARES), list(_GROUP_SHARES.values()))[0])
    device = Device(identifier, product, connection_status=status, group=group)
    device.tags = None if group is None else list(group.conditions.tags)
    device.description = f"Unit {identifier}" if rng.random() < 0.3 else None
    device.updates_enabled = rng.random() > 0.08
    device.updates_blocked_until = _blocked(world.now, rng.random())
    if status == "not_seen":
        return device
    device.last_seen_at = world.now - _silence(status, rng.randint(1, 60), rng.randint(0, 999_999))
    device.established_at = device.last_seen_at - timedelta(hours=rng.randint(1, 400))
    device.connection_types = (rng.choice(("ethernet", "wifi", "cellular")),)
    device.health = rng.choice(("healthy", "healthy", "healthy", "warning", "unhealthy", "unknown"))
    device.alarms = ("Elixir.DiskFull",) if rng.random() < 0.05 else ()
    device.firmware = _running(group, product, rng.random(), rng.random())
    device.metadata_id = world.uuid("nerveshub", "metadata", identifier)
    return device


def _blocked(now: datetime, draw: float) -> datetime | None:
    if draw < 0.04:
        return now + timedelta(hours=1)
    return now - timedelta(days=2) if draw < 0.07 else None


def _silence(status: str, amount: int, microseconds: int) -> timedelta:
    far = timedelta(days=amount) if status == "disconnected" else timedelta(seconds=amount)
    return far + timedelta(microseconds=microseconds)


def _running(group: Group | None, product: Product, is_current: float, which: float) -> Firmware:
    """Mostly what its group wants; else another firmware of the same board."""
    if group is not None and is_current < 0.8:
        return group.current.firmware
    platform = group.current.firmware.platform if group else product.firmwares[0].platform
    same_board = [firmware for firmware in product.firmwares if firmware.platform == platform]
    return same_board[int(which * len(same_board))]
