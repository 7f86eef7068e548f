"""What DynamoDB makes of rows that would be larger than 400 KiB: nothing of the write is done. Moto adds an attribute's
size before it takes away what the attribute replaces, and leaves a row that it refuses half written.
"""
from moto.dynamodb.exceptions import ItemSizeToUpdateTooLarge, ItemSizeTooLarge
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType, LimitedSizeDict
from moto.dynamodb.models.utilities import bytesize

ITEM_BYTES = 400 * 1024
put = DynamoDBBackend.put_item
update = DynamoDBBackend.update_item


def size(attributes):
    return sum(bytesize(name) + value.size() for name, value in attributes.items())


def put_if_it_fits(backend, table_name, item_attrs, *rest, **options):
    if size({name: DynamoType(value) for name, value in item_attrs.items()}) > ITEM_BYTES:
        raise ItemSizeTooLarge
    return put(backend, table_name, item_attrs, *rest, **options)


def update_if_it_fits(backend, table_name, key, *rest, **options):
    table = backend.tables.get(table_name)
    found = table and table.get_item(*backend.get_keys_value(table, key))
    before = dict(found.attrs) if found else {}
    item = update(backend, table_name, key, *rest, **options)
    if size(item.attrs) > ITEM_BYTES:
        item.attrs.clear()
        item.attrs.update(before)
        raise ItemSizeToUpdateTooLarge
    return item


DynamoDBBackend.put_item = put_if_it_fits
DynamoDBBackend.update_item = update_if_it_fits
LimitedSizeDict.__setitem__ = dict.__setitem__
