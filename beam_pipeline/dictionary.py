"""Dictionaries with which tiny chunks are compressed (RFC 1951, preset dictionaries as in RFC 1950, section 2.3).

A chunk of one or two lines has nothing to refer back to: it takes two thirds of the size of its lines, and with typical lines to
refer to a third. The dictionary itself is never sent, both sides have it; its number is in the chunk.

A dictionary is part of the encoding of state: one that a release has used stays here, byte for byte, until no running job can
hold a chunk made with it. Better ones get the next number. Wrong guesses cost a few bytes, never correctness.
"""

from typing import Final

_ENVELOPE: Final = (
    b'"schema_version":1,"timestamp":"2026-11-22T10:00:00.%s","user_id":%s,"anonymous_id":"a-0123456789abcdef",'
    b'"session_id":"s-0123456789abcdef","device":"%s","location":"%s",'
)
_INGEST: Final = b',"_ingest":{"message_id":"12345678901234567","publish_time":"2026-11-22T10:00:00.000000Z"}}\n'
_PRODUCT: Final = b'"product_id":"p-01001","product_name":"Classic","category":"%s",'
_ITEMS: Final = (
    b'"items":[{' + _PRODUCT % b"Home & living" + b'"quantity":1,"unit_price":"19.99"},{'
    b'"product_id":"p-02002","product_name":"Modern","category":"Electronics","quantity":2,"unit_price":"29.99"}],'
)
_CART: Final = b'"cart_id":"c-0123456789abcdef","currency":"EUR",'
_ORDER: Final = b'"order_id":"o-0123456789abcdef",'


def _event(name: bytes, own: bytes, user: bytes = b"null", device: bytes = b"mobile", country: bytes = b"DE") -> bytes:
    envelope = _ENVELOPE % (b"000000Z", user, device, country)
    return (
        b'{"event_id":"01234567-89ab-4cde-8f01-23456789abcd","event_type":"' + name + b'",' + envelope + own + _INGEST
    )


_USER: Final = b'"u-0123456789abcdef"'
_LINES: Final = (  # the most frequent last: the shortest way back is the cheapest
    b'{"code":"timestamp_in_future","message":"lies more than a day after the publish time","field":"timestamp","payload":"'
    b'eyJldmVudF9pZCI6I","attributes":[],"pipeline_version":"0+unknown",'
    b'{"code":"missing_field","message":"Object missing required field `event_id`","field":"event_id"'
    b'{"code":"wrong_type","message":"Expected `str`, got `int` - at `$.unit_price`","field":"unit_price"'
    b'{"code":"invalid_value","message":"Expected `str` matching regex","field":null,"payload":"eyJldmVudF9pZCI6I',
    b'{"code":"invalid_json","message":"not JSON at byte ","field":null,"payload":"'
    b"IiwiZXZlbnRfdHlwZSI6InByb2R1Y3Rfdmlld2VkIiwic2NoZW1hX3ZlcnNpb24iOjEsInRpbWVzdGFtcCI6IjIwMjYtMTEtMjJU"
    b"eyJldmVudF9pZCI6IiwiZXZlbnRfdHlwZSI6InBhZ2Vfdmlld2VkIiwic2NoZW1hX3ZlcnNpb24iOjEsInRpbWVzdGFtcCI6IjIwMjYtMTEtMjJU"
    b"IiwidXNlcl9pZCI6bnVsbCwiYW5vbnltb3VzX2lkIjoiYS0"
    b"Iiwic2Vzc2lvbl9pZCI6InMtIiwiZGV2aWNlIjoibW9iaWxlIiwibG9jYXRpb24iOiJ"
    b'","attributes":[{"key":"event_id","value":"01234567-89ab-4cde-8f01-23456789abcd"},'
    b'{"key":"event_type","value":"page_viewed"}],"message_id":"12345678901234567",'
    b'"publish_time":"2026-11-22T10:00:00.000000Z","pipeline_version":"1.0.0","fingerprint":"',
    _event(
        b"order_refunded",
        _ORDER
        + b'"refund_id":"r-0123456789abcdef","currency":"EUR",'
        + _ITEMS
        + b'"amount":"19.99","reason":"damaged"',
        user=_USER,
    ),
    _event(
        b"user_registered",
        b'"name":"","email":"@example.net","address":"","city":"","postal_code":"","signup_method":"email",'
        b'"marketing_opt_in":false',
        user=_USER,
        country=b"FR",
    ),
    _event(b"product_removed", _CART + _PRODUCT % b"Shoes" + b'"quantity":1,"unit_price":"49.99"'),
    _event(
        b"order_completed",
        _ORDER + _CART + _ITEMS + b'"discount":"0.00","shipping":"4.99","tax":"0.00","total":"0.00","coupon":null,'
        b'"payment_method":"card"',
        user=_USER,
        device=b"desktop",
        country=b"IT",
    ),
    _event(b"checkout_started", _CART + _ITEMS + b'"subtotal":"109.99"', country=b"ES"),
    _event(
        b"ad_clicked",
        b'"campaign_id":"","ad_id":"","channel":"social","landing_path":"/category/women"',
        device=b"tablet",
        country=b"US",
    ),
    _event(
        b"product_added", _CART + _PRODUCT % b"Home & living" + b'"quantity":1,"unit_price":"112.99"', country=b"GB"
    ),
    _event(
        b"product_viewed",
        _PRODUCT % b"Electronics" + b'"unit_price":"99.99","currency":"EUR"',
        user=_USER,
        device=b"desktop",
        country=b"US",
    ),
    _event(
        b"page_viewed", b'"page_path":"/category/kitchen","page_type":"category","referrer":"google.com"', user=_USER
    ),
    _event(
        b"page_viewed",
        b'"page_path":"/product/p-01001","page_type":"product","referrer":null',
        device=b"desktop",
        country=b"FR",
    ),
)

DICTIONARIES: Final[dict[int, bytes]] = {1: b"".join(_LINES)}
"""By number; 0 stands for none."""

NEWEST: Final = max(DICTIONARIES)
