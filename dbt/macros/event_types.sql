{#-
    Generated from event_contract by `make generate`: change the contract, not this file.
    Every event type, with its own columns in int_events and their types: scalars that hold no personal data.
-#}
{% macro event_types() %}
    {{- return({
        'user_registered': {'signup_method': 'string', 'marketing_opt_in': 'bool'},
        'page_viewed': {'page_path': 'string', 'page_type': 'string', 'referrer': 'string'},
        'product_viewed': {'product_id': 'string', 'product_name': 'string', 'category': 'string', 'unit_price': 'numeric(29, 2)', 'currency': 'string'},
        'ad_clicked': {'campaign_id': 'string', 'ad_id': 'string', 'channel': 'string', 'landing_path': 'string'},
        'product_added': {'product_id': 'string', 'product_name': 'string', 'category': 'string', 'unit_price': 'numeric(29, 2)', 'currency': 'string', 'cart_id': 'string', 'quantity': 'int64'},
        'product_removed': {'product_id': 'string', 'product_name': 'string', 'category': 'string', 'unit_price': 'numeric(29, 2)', 'currency': 'string', 'cart_id': 'string', 'quantity': 'int64'},
        'checkout_started': {'cart_id': 'string', 'currency': 'string', 'subtotal': 'numeric(29, 2)'},
        'order_completed': {'order_id': 'string', 'cart_id': 'string', 'currency': 'string', 'discount': 'numeric(29, 2)', 'shipping': 'numeric(29, 2)', 'tax': 'numeric(29, 2)', 'total': 'numeric(29, 2)', 'coupon': 'string', 'payment_method': 'string'},
        'order_refunded': {'order_id': 'string', 'refund_id': 'string', 'currency': 'string', 'amount': 'numeric(29, 2)', 'reason': 'string'},
    }) -}}
{% endmacro %}
