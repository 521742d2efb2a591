"""What graphql-core's comparison does not see, or takes too lightly; each rule says why it matters to a client."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    OperationType,
    is_required_argument,
    is_required_input_field,
)

from gateway.contract.changes import Change, Severity

Member = GraphQLField | GraphQLArgument | GraphQLInputField | GraphQLEnumValue


def changes(old: GraphQLSchema, new: GraphQLSchema) -> list[Change]:
    """By rule, in no order. One with a rule of graphql-core's replaces what that says of the same coordinate."""
    return [
        *_roots(old, new),
        *_one_of(old, new),
        *_formats(old, new),
        *_possible_types(old, new),
        *_members(dict(members(old)), dict(members(new))),
    ]


def members(schema: GraphQLSchema) -> Iterator[tuple[str, Member]]:
    """Everything that is in something else, by its coordinate."""
    for type_ in schema.type_map.values():
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            yield from _fields(type_)
        elif isinstance(type_, GraphQLInputObjectType):
            yield from ((f"{type_.name}.{name}", field) for name, field in type_.fields.items())
        elif isinstance(type_, GraphQLEnumType):
            yield from ((f"{type_.name}.{name}", value) for name, value in type_.values.items())
    for directive in schema.directives:
        yield from _arguments(f"@{directive.name}", directive.args)


def _fields(type_: GraphQLObjectType | GraphQLInterfaceType) -> Iterator[tuple[str, Member]]:
    for name, field in type_.fields.items():
        yield f"{type_.name}.{name}", field
        yield from _arguments(f"{type_.name}.{name}", field.args)


def _arguments(of: str, arguments: Mapping[str, GraphQLArgument]) -> Iterator[tuple[str, Member]]:
    return ((f"{of}({name}:)", argument) for name, argument in arguments.items())


def _roots(old: GraphQLSchema, new: GraphQLSchema) -> Iterator[Change]:
    """A type that stays, but where operations no longer begin: all of them are refused."""
    for operation in OperationType:
        before, now = old.get_root_type(operation), new.get_root_type(operation)
        # One that is gone altogether is told as such.
        if before is not None and before.name in new.type_map and (now is None or now.name != before.name):
            follower = f"{now.name} is" if now is not None else "nothing is"
            message = f"{before.name} is no longer where a {operation.value} begins; {follower}."
            yield Change(Severity.BREAKING, before.name, "ROOT_TYPE_CHANGED", message)


def _one_of(old: GraphQLSchema, new: GraphQLSchema) -> Iterator[Change]:
    """An input that takes exactly one of its fields refuses values that gave two."""
    for before, now in _both(old, new):
        if not isinstance(before, GraphQLInputObjectType) or not isinstance(now, GraphQLInputObjectType):
            continue
        if now.is_one_of and not before.is_one_of:
            yield Change(
                Severity.BREAKING, now.name, "ONE_OF_ADDED", f"{now.name} takes exactly one of its fields now."
            )
        if before.is_one_of and not now.is_one_of:
            message = f"{now.name} no longer takes exactly one of its fields."
            yield Change(Severity.SAFE, now.name, "ONE_OF_REMOVED", message)


def _formats(old: GraphQLSchema, new: GraphQLSchema) -> Iterator[Change]:
    """A scalar that is specified elsewhere may be spelled otherwise: a client's parser may not expect that."""
    for before, now in _both(old, new):
        if not isinstance(before, GraphQLScalarType) or not isinstance(now, GraphQLScalarType):
            continue
        if before.specified_by_url != now.specified_by_url:
            message = f"{now.name} is specified by {now.specified_by_url}, formerly {before.specified_by_url}."
            yield Change(Severity.DANGEROUS, now.name, "SPECIFIED_BY_CHANGED", message)


def _possible_types(old: GraphQLSchema, new: GraphQLSchema) -> Iterator[Change]:
    """A new type behind an interface is met like a new member of a union, by whoever asks for `__typename`."""
    for type_ in new.type_map.values():
        if type_.name in old.type_map or not isinstance(type_, GraphQLObjectType):
            continue
        for interface in type_.interfaces:
            if interface.name in old.type_map:
                message = f"{type_.name} was added to the types of interface {interface.name}."
                yield Change(Severity.DANGEROUS, interface.name, "TYPE_ADDED_TO_INTERFACE", message)


def _members(old: Mapping[str, Member], new: Mapping[str, Member]) -> Iterator[Change]:
    for coordinate in old.keys() & new.keys():
        before, now = old[coordinate], new[coordinate]
        if _is_required(now) and not _is_required(before) and _type(before) == _type(now):
            # graphql-core calls it a changed default; but whoever left it out is refused now.
            message = f"{coordinate} has lost its default value, and must be given now."
            yield Change(Severity.BREAKING, coordinate, _default_rule(now), message)
        yield from _deprecation(coordinate, before, now)


def _deprecation(coordinate: str, before: Member, now: Member) -> Iterator[Change]:
    """Announced before it goes: nothing breaks yet, and whoever uses it should know."""
    if before.deprecation_reason is None and now.deprecation_reason is not None:
        message = f"{coordinate} was deprecated: {now.deprecation_reason}"
        yield Change(Severity.SAFE, coordinate, "DEPRECATED", message)
    if before.deprecation_reason is not None and now.deprecation_reason is None:
        yield Change(Severity.SAFE, coordinate, "DEPRECATION_WITHDRAWN", f"{coordinate} is no longer deprecated.")


def _both(old: GraphQLSchema, new: GraphQLSchema) -> Iterator[tuple[GraphQLNamedType, GraphQLNamedType]]:
    return ((old.type_map[name], new.type_map[name]) for name in old.type_map.keys() & new.type_map.keys())


def _is_required(member: Member) -> bool:
    if isinstance(member, GraphQLArgument):
        return is_required_argument(member)
    return isinstance(member, GraphQLInputField) and is_required_input_field(member)


def _type(member: Member) -> str:
    return "" if isinstance(member, GraphQLEnumValue) else str(member.type)


def _default_rule(member: Member) -> str:
    is_argument = isinstance(member, GraphQLArgument)
    return "ARG_DEFAULT_VALUE_CHANGE" if is_argument else "INPUT_FIELD_DEFAULT_VALUE_CHANGE"
