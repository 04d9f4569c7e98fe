"""Write many rows at once: COPY on PostgreSQL, executemany elsewhere."""

# ruff: noqa: SLF001 - `_meta` is public in all but name
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections, models

# Values that a column takes as they are.
PLAIN = frozenset({type(None), bool, int, str})


def bulk_insert(model: type[models.Model], names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert the values of these fields in one statement: no signal, no default, no key read back."""
    connection = connections[DEFAULT_DB_ALIAS]  # not the proxy, which looks it up at each value
    fields = _fields(model, names)
    quote = connection.ops.quote_name
    into = f"{quote(model._meta.db_table)} ({', '.join(quote(str(field.column)) for field in fields)})"
    prepare = [_preparer(field, connection) for field in fields]
    values: Iterator[list[Any]] = (
        [of_column(value) for of_column, value in zip(prepare, row, strict=True)] for row in rows
    )
    first = next(values, None)
    if first is None:
        return
    values = chain([first], values)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with connection.wrap_database_errors, cursor.copy(f"COPY {into} FROM STDIN") as copy:
                for row in values:
                    copy.write_row(row)
        else:
            marks = ", ".join(["%s"] * len(fields))
            cursor.executemany(f"INSERT INTO {into} VALUES ({marks})", list(values))  # noqa: S608 - names of the model


def bulk_update(model: type[models.Model], names: Sequence[str], rows: Iterable[tuple[int, Sequence[Any]]]) -> None:
    """Update these fields of the rows with these keys by one prepared statement: no signal."""
    connection = connections[DEFAULT_DB_ALIAS]
    fields = _fields(model, names)
    prepare = [_preparer(field, connection) for field in fields]
    values = [[*(of_column(value) for of_column, value in zip(prepare, row, strict=True)), key] for key, row in rows]
    if not values:
        return
    quote = connection.ops.quote_name
    columns = ", ".join(f"{quote(str(field.column))} = %s" for field in fields)
    table, key_column = quote(model._meta.db_table), quote(str(model._meta.pk.column))
    with connection.cursor() as cursor:
        cursor.executemany(f"UPDATE {table} SET {columns} WHERE {key_column} = %s", values)  # noqa: S608 - names of the model


def bulk_insert_instances(model: type[models.Model], rows: Iterable[models.Model]) -> None:
    """Insert instances with all their fields. All have a key, or the database makes it for all."""
    states = [row.__dict__ for row in rows]
    if states:
        names = [field.attname for field in model._meta.concrete_fields]
        if states[0][model._meta.pk.attname] is None:
            names.remove(model._meta.pk.attname)
        bulk_insert(model, names, ([state[name] for name in names] for state in states))


def _fields(model: type[models.Model], names: Iterable[str]) -> list[Any]:
    by_name = {name: field for field in model._meta.concrete_fields for name in (field.name, field.attname)}
    return [by_name[name] for name in names]


def _preparer(field: Any, connection: Any) -> Callable[[Any], Any]:
    """Return what makes a value of Python that of a column."""
    prepare = field.get_db_prep_save
    if isinstance(field, models.JSONField):
        empty_dict, empty_list = prepare({}, connection), prepare([], connection)
        return lambda value: empty_dict if value == {} else empty_list if value == [] else prepare(value, connection)
    return lambda value: value if type(value) in PLAIN else prepare(value, connection)
