"""What the shop sells: 300 products in ten categories. The same for every seed, because it is one shop."""

import math
from bisect import bisect_right
from itertools import accumulate, product
from random import Random
from typing import Final, NamedTuple

CURRENCY: Final = "EUR"
ZIPF_EXPONENT: Final = 1.0
"""The product of popularity rank r is looked at in proportion to 1 / r ** ZIPF_EXPONENT."""


class Category(NamedTuple):
    """A shelf of the shop. Prices in whole euros, lowest and highest; `returned` is the share of its orders sent back."""

    slug: str
    name: str
    prices: tuple[int, int]
    returned: float
    nouns: tuple[str, ...]
    adjectives: tuple[str, str, str]


class Product(NamedTuple):
    """One product. `cents` is its price in euro cents, `price` the same as the contract writes it."""

    product_id: str
    name: str
    category: Category
    cents: int
    price: str


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split(", "))


# fmt: off
CATEGORIES: Final = (
    Category("women", "Women's fashion", (15, 180), 0.19,
             _words("Wool Coat, Linen Dress, Silk Blouse, Denim Jacket, Pleated Skirt, "
                    "Jumper, Trench Coat, Cardigan, Jumpsuit, Scarf"),
             ("Alba", "Riva", "Noor")),
    Category("men", "Men's fashion", (12, 160), 0.15,
             _words("Oxford Shirt, Chinos, Merino Jumper, Rain Jacket, Polo Shirt, "
                    "Jeans, Blazer, Hoodie, T-Shirt, Overshirt"),
             ("Fjord", "Harbour", "Mason")),
    Category("shoes", "Shoes", (25, 220), 0.17,
             _words("Sneakers, Chelsea Boots, Loafers, Sandals, Running Shoes, "
                    "Hiking Boots, Ballerinas, Slippers, Clogs, Trail Shoes"),
             ("Strada", "Boreal", "Dune")),
    Category("electronics", "Electronics", (20, 900), 0.08,
             _words("Headphones, Earbuds, Speaker, Tablet, Smartwatch, "
                    "Power Bank, Keyboard, Monitor, Webcam, E-Reader"),
             ("Volt", "Pico", "Orbit")),
    Category("home", "Home & living", (8, 320), 0.07,
             _words("Table Lamp, Duvet Cover, Vase, Rug, Wall Clock, "
                    "Cushion, Mirror, Blanket, Bookshelf, Candle Holder"),
             ("Hygge", "Atelier", "Nord")),
    Category("kitchen", "Kitchen", (6, 280), 0.06,
             _words("Frying Pan, Chef's Knife, Espresso Maker, Kettle, Mixing Bowls, "
                    "Toaster, Cutting Board, Casserole, Carafe, Scale"),
             ("Brasa", "Petit", "Copper")),
    Category("beauty", "Beauty", (5, 95), 0.03,
             _words("Day Cream, Face Oil, Shampoo, Lip Balm, Eau de Parfum, "
                    "Hand Soap, Sun Cream, Hair Mask, Serum, Shower Gel"),
             ("Flora", "Crème", "Sève")),
    Category("sports", "Sports & outdoor", (7, 450), 0.08,
             _words("Yoga Mat, Dumbbell Set, Tent, Backpack, Bike Helmet, "
                    "Sleeping Bag, Football, Water Bottle, Head Torch, Climbing Rope"),
             ("Summit", "Vento", "Kilo")),
    Category("toys", "Toys & games", (6, 130), 0.05,
             _words("Building Blocks, Puzzle, Board Game, Plush Bear, Train Set, "
                    "Doll's House, Kite, Card Game, Marble Run, Balance Bike"),
             ("Piccolo", "Märchen", "Zebra")),
    Category("books", "Books & stationery", (4, 60), 0.02,
             _words("Notebook, Fountain Pen, Cookbook, Crime Novel, Atlas, "
                    "Sketchbook, Calendar, Travel Guide, Art Book, Poetry Volume"),
             ("Folio", "Quarto", "Papier")),
)
# fmt: on

_ENDINGS: Final = (99, 95, 90, 50, 0)


def _cents(category: Category, rng: Random) -> int:
    low, high = category.prices
    euros = int(math.exp(rng.uniform(math.log(low), math.log(high))))
    return euros * 100 + rng.choices(_ENDINGS, (60, 15, 15, 5, 5))[0]


def _stock() -> tuple[Product, ...]:
    rng = Random("catalogue")
    stock = []
    for shelf, category in enumerate(CATEGORIES, 1):
        for number, (adjective, noun) in enumerate(product(category.adjectives, category.nouns), 1):
            cents = _cents(category, rng)
            price = f"{cents // 100}.{cents % 100:02d}"
            stock.append(Product(f"p-{shelf:02d}{number:03d}", f"{adjective} {noun}", category, cents, price))
    rng.shuffle(stock)
    return tuple(stock)


PRODUCTS: Final = _stock()
"""Every product, the most popular first."""

_POPULARITY: Final = tuple(accumulate(1 / rank**ZIPF_EXPONENT for rank in range(1, len(PRODUCTS) + 1)))


def pick(rng: Random) -> Product:
    """A product as visitors choose them: by Zipf's law over the popularity rank."""
    return PRODUCTS[bisect_right(_POPULARITY, rng.random() * _POPULARITY[-1])]
