"""Rows of moto's DynamoDB by their partitions. A query of it looks at every row of the table and sorts them all first,
which takes longer with every row; here it looks at those of one partition, of the table or of an index.
"""
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import Table

query = Table.query
put_item = Table.put_item
delete_item = Table.delete_item
update_item = DynamoDBBackend.update_item


def partitions(table):
    """Rows by the attribute that is an index's partition key and its value, and where each row is among them."""
    if not hasattr(table, "partitions"):
        table.partitions, table.places = {}, {}
    return table.partitions, table.places


def place(table, partition, sort):
    """A row was written: it stands where its attributes say now."""
    found, places = partitions(table)
    for old in places.pop((partition, sort), ()):
        found[old].pop((partition, sort), None)
    row = table.get_item(partition, sort)
    if row is None:
        return
    names = {index.schema[0]["AttributeName"] for index in table.all_indexes()}
    new = [(name, row.attrs[name]) for name in names if name in row.attrs]
    for one in new:
        found.setdefault(one, {})[(partition, sort)] = row
    places[(partition, sort)] = new


def query_of_a_partition(table, key, compare, values, limit, start, forward, parts, index_name=None, *given, **named):
    if index_name is None:
        rows = table.items.get(key, {})
    else:
        schema = next(index.schema for index in table.all_indexes() if index.name == index_name)
        name = schema[0]["AttributeName"]
        value = dict(named.get("hash_key_conditions") or ()).get(name, key)
        rows = partitions(table)[0].get((name, value), {})
    in_order = sorted(rows.values(), key=lambda row: (row.hash_key, row.range_key) if row.range_key else row.hash_key)
    table.all_items = lambda: in_order
    try:
        return query(table, key, compare, values, limit, start, forward, parts, index_name, *given, **named)
    finally:
        del table.all_items


def put_and_place(table, attributes, *given, **named):
    row = put_item(table, attributes, *given, **named)
    place(table, row.hash_key, row.range_key)
    return row


def delete_and_place(table, partition, sort):
    row = delete_item(table, partition, sort)
    place(table, partition, sort)
    return row


def update_and_place(backend, table_name, key, *given, **named):
    row = update_item(backend, table_name, key, *given, **named)
    place(backend.get_table(table_name), row.hash_key, row.range_key)
    return row


DynamoDBBackend.update_item = update_and_place
Table.put_item, Table.delete_item, Table.query = put_and_place, delete_and_place, query_of_a_partition
