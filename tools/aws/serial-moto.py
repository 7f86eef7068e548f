"""Moto's own DynamoDB, one request at a time: a transaction of its that fails puts back a copy of the table, which
loses what other threads wrote meanwhile. That copy, of the whole table for each item of a transaction, takes seconds
at some thousand rows: here only the rows it names are copied. A transaction's token counts, too, and a query looks at
one partition (moto_partitions.py), and a row may be as large as DynamoDB's (moto_sizes.py). It is asked without moto's
own server (moto_http.py), and does not read an expression again and again (moto_expressions.py). Says its port once it
listens, and ends when its standard input does.
"""
import asyncio
import copy
import gc
import json
import os
import sys
import threading

from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoHandler

sys.dont_write_bytecode = True
import moto_expressions  # noqa: E402, F401: only now
import moto_sizes  # noqa: E402, F401: only now
from moto_http import serve  # noqa: E402
from moto_partitions import place  # noqa: E402

transact = DynamoDBBackend.transact_write_items


def rows_of(backend, items):
    """Each row that a transaction names, as it is: (table, partition, sort, row or None)."""
    for item in items:
        change = next(iter(item.values()))
        table = backend.tables.get(change.get("TableName"))
        key = change.get("Key") or change.get("Item") or {}
        names = [name for name in (table.hash_key_attr, table.range_key_attr) if name] if table else []
        if names and all(name in key for name in names):
            partition, sort = [*(DynamoType(key[name]) for name in names), None][:2]
            yield table, partition, sort, copy.deepcopy(table.get_item(partition, sort))


def put_back(table, partition, sort, row):
    if row is None:
        table.delete_item(partition, sort)
    elif sort is None:
        table.items[partition] = row
    else:
        table.items[partition][sort] = row
    place(table, partition, sort)


def transact_with_copies_of_rows(backend, items):
    before = list(rows_of(backend, items))
    Table.__deepcopy__ = lambda table, memo: table
    try:
        transact(backend, items)
    except BaseException:
        for row in before:
            put_back(*row)
        raise
    finally:
        del Table.__deepcopy__


apply = DynamoHandler.transact_write_items
answers = {}


def apply_once(handler):
    """The same request under the same token is done once and answered again, as DynamoDB does for ten minutes."""
    request = json.dumps(handler.body, sort_keys=True)
    token = handler.body.get("ClientRequestToken")
    if token is None or request not in answers:
        answer = apply(handler)
        if token is not None:
            answers[request] = answer
        return answer
    return answers[request]


def end_with_parent():
    while sys.stdin.buffer.read(4096):
        pass
    os._exit(0)


DynamoDBBackend.transact_write_items = transact_with_copies_of_rows
DynamoHandler.transact_write_items = apply_once
# Rows live long and requests make no cycles: to look for garbage as often as by default costs a tenth.
gc.set_threshold(100_000)
threading.Thread(target=end_with_parent, daemon=True).start()
asyncio.run(serve())
