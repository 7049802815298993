"use strict";
// The page without a server: unpacks the cube, and computes every table that a filter changes from it.

const $ = (id) => document.getElementById(id);
const DAY = 86400000;
const share = (part, whole) => (whole ? part / whole : null);

const FILTERS = ["device", "country", "category", "channel"];

function numbers(bytes, tables, dimensions) {
  let at = 0;
  const found = {};
  for (const table of tables) {
    const measures = table.columns.filter((name) => !(name in dimensions));
    const columns = (found[table.name] = { rows: table.rows, days: dimensions.day.length, measures, cache: { running: new Map(), sizes: {}, rows: null } });
    for (const name of table.columns) {
      const column = (columns[name] = name in dimensions ? new Uint32Array(table.rows) : new Float64Array(table.rows));
      let before = 0;
      for (let row = 0; row < table.rows; row++) {
        let value = 0, factor = 1, byte;
        do { byte = bytes[at++]; value += (byte & 127) * factor; factor *= 128; } while (byte > 127);
        value = value % 2 ? -(value + 1) / 2 : value / 2;
        column[row] = name === "day" ? (before += value) : value;
      }
    }
  }
  return found;
}

async function unpack(cube) {
  const packed = Uint8Array.from(atob(cube.packed), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return numbers(new Uint8Array(await new Response(stream).arrayBuffer()), cube.tables, cube.values);
}

function written(value, kind) {
  if (value === null || value === undefined) return "–";
  const fixed = (number, digits) => number.toFixed(digits).replace(/\B(?=(\d{3})+(?!\d))(?<!\.\d*)/g, ",");
  if (kind === "count") return fixed(value, 0);
  if (kind === "money") return fixed(value / 100, 2);
  if (kind === "ratio") return fixed(value, 2);
  if (kind === "share") return `${(100 * value).toFixed(1)} %`;
  if (kind === "seconds") return `${fixed(value, 0)} s`;
  if (kind === "megabytes") return fixed(value / 1e6, 1);
  return String(value);
}

// Running sums over the days, by one column (or "" for the whole), of the rows that the filters other than the period leave. They are
// made once for each set of filters: a period then costs one subtraction a value, however many rows there are.
const KEPT = 40;
function rowsLeft(table, set, filters) {
  const key = set.map((name) => `${name} ${filters[name]}`).join();
  if (table.cache.rows?.key === key) return table.cache.rows.found;
  const columns = set.map((name) => table[name]), wanted = set.map((name) => filters[name]), rows = new Uint32Array(table.rows);
  let count = 0;
  for (let row = 0; row < table.rows; row++) {
    let fits = true;
    for (let at = 0; at < columns.length; at++) if (columns[at][row] !== wanted[at]) { fits = false; break; }
    if (fits) rows[count++] = row;
  }
  table.cache.rows = { key, found: rows.subarray(0, count) };
  return table.cache.rows.found;
}

function running(table, by, filters) {
  const set = FILTERS.filter((name) => name in filters && table[name]);
  const key = [by, ...set.map((name) => `${name} ${filters[name]}`)].join();
  const known = table.cache.running.get(key);
  if (known) return known;
  if (table.cache.running.size >= KEPT) table.cache.running.clear();
  const rows = rowsLeft(table, set, filters), keys = by ? table[by] : null, steps = table.day ? table.days : 1;
  let size = 1;
  if (keys) size = table.cache.sizes[by] ??= 1 + keys.reduce((most, key) => Math.max(most, key), 0);
  const places = rows.map((row) => ((table.day ? table.day[row] : 0) + 1) * size + (keys ? keys[row] : 0));
  const added = (column) => {
    const sum = new Float64Array((steps + 1) * size);
    for (let at = 0; at < rows.length; at++) sum[places[at]] += column ? column[rows[at]] : 1;
    for (let at = size; at < sum.length; at++) sum[at] += sum[at - size];
    return sum;
  };
  const made = { size, count: added(null), sums: table.measures.map((name) => added(table[name])) };
  table.cache.running.set(key, made);
  return made;
}

// Sums of a table's measures, by one column (or "" for the whole), over the rows that the filters leave; only keys that have rows.
function sums(table, by, filters) {
  const whole = running(table, by === "day" ? "" : by, filters), found = new Map();
  const begin = table.day ? filters.from : 0, end = table.day ? filters.to + 1 : 1;
  const take = (key, low, high) => {
    if (whole.count[high] === whole.count[low]) return;
    const sum = {};
    for (let at = 0; at < table.measures.length; at++) sum[table.measures[at]] = whole.sums[at][high] - whole.sums[at][low];
    found.set(key, sum);
  };
  if (by === "day") for (let day = begin; day < end; day++) take(day, day, day + 1);
  else for (let key = 0; key < whole.size; key++) take(key, begin * whole.size + key, end * whole.size + key);
  return found;
}

const total = (table, filters) => sums(table, "", filters).get(0) ?? Object.fromEntries(table.measures.map((name) => [name, 0]));

function revenue(data, by, filters) {
  const sales = "category" in filters ? data.items : data.orders;
  const whole = !("category" in filters);
  const exact = whole && !("device" in filters) && !("channel" in filters);
  const found = sums(sales, by, filters);
  const refunds = exact ? sums(data.refunds, by, filters) : new Map();
  for (const key of refunds.keys()) if (!found.has(key)) found.set(key, { orders: 0, gross: 0, discounts: 0 });
  for (const [key, sum] of found) {
    if (!whole) sum.discounts = null;
    sum.refunded = exact ? (refunds.get(key)?.refunded ?? 0) : null;
    sum.net = exact ? sum.gross - sum.discounts - sum.refunded : null;
  }
  return found;
}

const most = (position) => (one, other) => other[position] - one[position];
const byKey = (found) => [...found].sort(([one], [other]) => one - other);

const MINUTES = 1440;

// For each figure, how its rows are made: all of them, largest first; the page shows the first of the longest.
function figures(cube, data, filters) {
  const { values, labels } = cube;
  const whole = !["device", "country", "channel"].some((name) => name in filters);
  return {
    revenue: () => byKey(revenue(data, "day", filters))
      .map(([day, sum]) => [values.day[day], sum.orders, sum.gross, sum.discounts, sum.refunded, sum.net]),
    funnel: () => {
      const sessions = total(data.sessions, filters);
      return sessions.sessions ? ["sessions", "viewed", "added", "checkout", "ordered"]
        .map((name, step) => [cube.steps[step], sessions[name], share(sessions[name], sessions.sessions)]) : [];
    },
    products: () => byKey(sums(data.products, "product", filters))
      .map(([product, sum]) => [labels.product[product], categoryOf(cube, data, product), sum.units, sum.gross]).sort(most(3)),
    regions: () => byKey(revenue(data, "country", filters))
      .map(([country, sum]) => [labels.country[country], sum.orders, sum.gross, sum.net]).sort(most(2)),
    ads: () => byKey(sums(data.ads, "campaign", filters))
      .map(([campaign, sum]) => [labels.campaign[campaign], channelOf(cube, data, campaign), sum.spend, sum.clicks, sum.orders,
        sum.revenue, share(sum.revenue, sum.spend)]).sort(most(5)),
    carts: () => byKey(sums(data.carts, "device", filters))
      .map(([device, sum]) => [values.device[device], sum.carts, sum.abandoned, share(sum.abandoned, sum.carts), sum.left])
      .sort(most(1)),
    engagement: () => {
      const visitors = whole ? sums(data.visitors, "day", filters) : new Map();
      return byKey(sums(data.sessions, "day", filters))
        .map(([day, sum]) => [values.day[day], sum.sessions, whole ? visitors.get(day)?.visitors : null, sum.pages,
          share(sum.bounces, sum.sessions), share(sum.events, sum.sessions), share(sum.seconds, sum.sessions)]);
    },
    hours: () => {
      const grid = new Map(), { rows, country, hour, weekday, events } = data.hours;
      for (let row = 0; row < rows; row++) {
        if ("country" in filters && country[row] !== filters.country) continue;
        const key = hour[row] * 8 + weekday[row];
        grid.set(key, (grid.get(key) ?? 0) + events[row]);
      }
      return grid.size ? Array.from({ length: 24 }, (_, hour) =>
        [String(hour).padStart(2, "0"), ...[1, 2, 3, 4, 5, 6, 7].map((day) => grid.get(hour * 8 + day) ?? 0)]) : [];
    },
    operations: () => {
      const arrived = sums(data.delivery, "day", filters), refused = sums(data.quarantine, "day", filters);
      const lag = sums(data.lag, "day", filters), none = Object.fromEntries(data.delivery.measures.map((name) => [name, 0]));
      return [...new Set([...arrived.keys(), ...refused.keys()])].sort((one, other) => one - other).map((day) => {
        const sum = arrived.get(day) ?? none, quarantined = refused.get(day)?.messages ?? 0;
        return [values.day[day], sum.events, sum.events / MINUTES, quarantined, share(quarantined, sum.events + quarantined),
          share(sum.late, sum.events), sum.events ? lag.get(day)?.longest : null, sum.objects, sum.bytes];
      });
    },
    quarantine: () => byKey(sums(data.quarantine, "code", filters))
      .map(([code, sum]) => [values.code[code], sum.messages, labels.code[code]]).sort(most(1)),
    delivery: () => byKey(sums(data.delivery, "type", filters))
      .map(([type, sum]) => [values.type[type], sum.events, sum.copies, sum.late, sum.objects]).sort(most(1)),
  };
}

const belongings = new Map();
function belonging(table, one, other) {
  const key = `${one} ${other}`;
  if (!belongings.has(key)) belongings.set(key, new Map(Array.from(table[one], (value, row) => [value, table[other][row]])));
  return belongings.get(key);
}
const categoryOf = (cube, data, product) => cube.values.category[belonging(data.products, "product", "category").get(product)];
const channelOf = (cube, data, campaign) => cube.values.channel[belonging(data.ads, "campaign", "channel").get(campaign)];

function headlines(data, filters) {
  const sold = revenue(data, "", filters).get(0) ?? { orders: 0, gross: 0, discounts: 0, refunded: 0, net: 0 };
  const visits = total(data.sessions, filters);
  return {
    gross: sold.gross, net: sold.net, orders: sold.orders,
    average: sold.discounts === null || !sold.orders ? null : (sold.gross - sold.discounts) / sold.orders / 100,
    sessions: visits.sessions, conversion: share(visits.ordered, visits.sessions),
    events: total(data.delivery, filters).events, quarantined: total(data.quarantine, filters).messages,
  };
}

const KINDS = {
  gross: "money", net: "money", orders: "count", average: "ratio", sessions: "count", conversion: "share",
  events: "count", quarantined: "count",
};

// A table that is folded away is filled when it is opened, printed or downloaded: hundreds of days are too much for each brush.
const figureRows = new Map(), waiting = new Set();
function fill(id, rows) {
  figureRows.set(id, rows);
  waiting.add(id);
  if ($(id).querySelector("details")?.open !== false) flush(id);
}

function flush(id) {
  if (!waiting.delete(id)) return;
  const section = $(id), body = section.querySelector("tbody"), heads = [...section.querySelectorAll("th")];
  const heat = section.querySelector("table").classList.contains("heat"), most = Number(section.dataset.most ?? Infinity);
  const rows = figureRows.get(id).slice(0, most);
  const largest = heads.map((_, at) => Math.max(0, ...rows.map((row) => (typeof row[at] === "number" ? row[at] : 0))));
  const whole = Math.max(...largest.slice(1));
  rows.forEach((row, number) => {
    const line = body.rows[number] ?? body.insertRow();  // kept where there is one: to make cells costs more than to change them
    row.forEach((value, at) => {
      const { kind } = heads[at].dataset, bar = "bar" in heads[at].dataset;
      const cell = line.cells[at] ?? line.insertCell(), text = written(value, kind);
      if (!cell.className) cell.className = [["text", "code", "day"].includes(kind) ? kind : "n", ...(bar ? ["bar"] : [])].join(" ");
      if (cell.textContent !== text) cell.textContent = text;
      const top = heat && at ? whole : bar ? largest[at] : 0;
      if (top) cell.style.setProperty("--w", ((100 * Math.max(value ?? 0, 0)) / top).toFixed(1));
    });
  });
  while (body.rows.length > rows.length) body.deleteRow(-1);
  section.querySelector(".empty").hidden = rows.length > 0;
}

function svg(name, attributes, text) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text !== undefined) node.textContent = text;
  return node;
}

// Widths are read before anything is changed: to ask for one in between makes the browser lay out the page at once.
const widths = new Map();
const measureCharts = () => document.querySelectorAll(".chart").forEach((place) => widths.set(place.id, Math.max(place.clientWidth, 200)));

function draw(id, values, kind, days, from) {
  const place = $(`${id}-chart`), width = widths.get(place.id), height = 190, top = 20, bottom = 166;
  const count = values.length, step = width / count, to = from + count - 1, tenth = (number) => Math.round(10 * number) / 10;
  let largest = 0, sum = 0, path = "";
  for (const value of values) { largest = Math.max(largest, value); sum += value; }
  const name = `${place.dataset.title}, ${days[from]} to ${days[to]}: largest ${written(largest, kind)}, ` +
    (kind === "ratio" ? `mean ${written(sum / count, kind)}` : `total ${written(sum, kind)}`);
  const root = svg("svg", { viewBox: `0 0 ${width} ${height}`, height, role: "img", "aria-label": name });
  root.append(svg("text", { x: 0, y: 12 }, written(largest, kind)));
  root.append(svg("line", { x1: 0, x2: width, y1: bottom, y2: bottom, stroke: "var(--soft)" }));
  const wide = tenth(step * 0.76);
  for (let at = 0; at < count; at++) {
    const tall = tenth(((bottom - top) * Math.max(values[at], 0)) / (largest || 1));
    if (tall) path += `M${tenth((at + 0.12) * step)} ${bottom}v${-tall}h${wide}v${tall}z`;
  }
  root.append(svg("path", { d: path, fill: "var(--accent)" }));
  root.append(svg("text", { x: 0, y: 184 }, days[from]));
  if (width > 420 && count > 4) root.append(svg("text", { x: width / 2, y: 184, "text-anchor": "middle" }, days[from + Math.floor((count - 1) / 2)]));
  if (count > 1) root.append(svg("text", { x: width, y: 184, "text-anchor": "end" }, days[to]));
  place.replaceChildren(root);
}

function spark(place, values) {
  const line = place.querySelector("polyline") ?? svg("polyline", { fill: "none", stroke: "var(--accent)", "stroke-width": 1.5, "vector-effect": "non-scaling-stroke" });
  if (!line.parentNode) {
    place.append(svg("svg", { viewBox: "0 0 100 26", preserveAspectRatio: "none", "aria-hidden": "true" }));
    place.firstChild.append(line);
  }
  const largest = Math.max(1e-9, ...values), last = Math.max(values.length - 1, 1);
  line.setAttribute("points", values.map((value, at) =>
    `${Math.round((1000 * at) / last) / 10},${Math.round(250 - (230 * Math.max(value, 0)) / largest) / 10}`).join(" "));
}

// A value for a program to read: all digits, no separators; a share is a part of 1.
function plain(value, kind) {
  if (value === null || value === undefined || value === "–") return "";
  if (typeof value !== "number") return /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return kind === "money" ? (value / 100).toFixed(2) : String(value);
}

// Every row of a figure, also those that the page leaves out; as the page was made where the filters do not reach.
function rowsOf(section) {
  const kinds = [...section.querySelectorAll("th")].map((head) => head.dataset.kind);
  if (figureRows.has(section.id)) return figureRows.get(section.id).map((row) => row.map((value, at) => plain(value, kinds[at])));
  return [...section.querySelectorAll("tbody tr")].map((row) => [...row.cells].map((cell, at) =>
    ["text", "code", "day"].includes(kinds[at]) ? plain(cell.textContent) : cell.textContent.replace("–", "").replaceAll(/,| s$/g, "")));
}

// Chromium drops, without a word, every download of a page beyond ten within a second: those wait.
const BURST = 10, BURST_MILLISECONDS = 1100, begun = [];
function download(name, lines) {
  const quoted = (text) => `"${text.replaceAll('"', '""')}"`;
  const link = document.createElement("a");
  const text = lines.map((line) => line.map(quoted).join(",")).join("\r\n");
  link.href = URL.createObjectURL(new Blob([text + "\r\n"], { type: "text/csv" }));
  link.download = `${name}.csv`;
  const now = performance.now(), at = Math.max(now, (begun.at(-BURST) ?? -Infinity) + BURST_MILLISECONDS);
  begun.push(at);
  const save = () => { link.click(); setTimeout(() => URL.revokeObjectURL(link.href), 60_000); };
  if (at > now) setTimeout(save, at - now); else save();
}

function downloadFigure(section) {
  download(section.id, [[...section.querySelectorAll("th")].map((head) => head.textContent), ...rowsOf(section)]);
}

function downloadHeadlines() {
  const lines = [...document.querySelectorAll("[data-figure]")].map((place) =>
    [place.querySelector("dt").textContent, place.querySelector(".value").textContent.replaceAll(",", "").replace("–", "")]);
  download("headlines", [["Figure", "Value"], ["Period", $("period").textContent], ...lines]);
}

async function start() {
  for (const button of document.querySelectorAll(".csv")) {
    const section = button.closest("section");
    button.hidden = false;
    button.addEventListener("click", () => (section ? downloadFigure(section) : downloadHeadlines()));
  }
  if (!$("cube")) return;
  const cube = JSON.parse($("cube").textContent);
  const form = $("filters"), days = cube.values.day;
  if (!days.length) return;
  const data = await unpack(cube);
  const field = (name) => form.elements.namedItem(name);
  for (const name of FILTERS) {
    cube.values[name].forEach((value, at) => field(name).append(new Option(cube.labels[name]?.[at] ?? value, at)));
  }
  for (const name of ["from", "to"]) { field(name).min = days[0]; field(name).max = days.at(-1); }
  const clear = () => { field("from").value = days[0]; field("to").value = days.at(-1); };

  function filters() {
    const first = days.findIndex((day) => day >= field("from").value);
    const chosen = { from: first < 0 || !field("from").value ? 0 : first, to: days.findLastIndex((day) => day <= field("to").value) };
    if (chosen.to < 0) chosen.to = days.length - 1;
    if (chosen.to < chosen.from) [chosen.from, chosen.to] = [chosen.to, chosen.from];
    for (const name of FILTERS) if (field(name).value) chosen[name] = Number(field(name).value);
    return chosen;
  }

  const sections = [...document.querySelectorAll("section[data-filters]")].map((section) =>
    ({ id: section.id, filters: section.dataset.filters.split(" "), partly: section.querySelector(".partly"), made: null }));

  function show() {
    const chosen = filters(), { from, to } = chosen, rows = figures(cube, data, chosen);
    const set = FILTERS.filter((name) => name in chosen);
    if (from > 0 || to < days.length - 1) set.push("period");
    for (const section of sections) {
      const ignored = set.filter((name) => !section.filters.includes(name));
      section.partly.hidden = !ignored.length;
      section.partly.textContent = `Not filtered by ${ignored.join(", ")}.`;
      const made = JSON.stringify(section.filters.map((name) => (name === "period" ? [from, to] : chosen[name] ?? null)));
      if (!(section.id in rows) || section.made === made) continue;  // what its filters leave is what is there
      section.made = made;
      fill(section.id, rows[section.id]());
    }
    const daily = {
      revenue: revenue(data, "day", chosen), sessions: sums(data.sessions, "day", chosen),
      events: sums(data.delivery, "day", chosen), refused: sums(data.quarantine, "day", chosen),
    };
    const series = (found, value) => Float64Array.from({ length: to - from + 1 }, (_, at) => {
      const sum = found.get(from + at);
      return (sum && value(sum)) ?? 0;
    });
    const lines = {
      gross: series(daily.revenue, (sum) => sum.gross), net: series(daily.revenue, (sum) => sum.net),
      orders: series(daily.revenue, (sum) => sum.orders),
      average: series(daily.revenue, (sum) => (sum.discounts === null || !sum.orders ? 0 : (sum.gross - sum.discounts) / sum.orders)),
      sessions: series(daily.sessions, (sum) => sum.sessions),
      conversion: series(daily.sessions, (sum) => share(sum.ordered, sum.sessions)),
      events: series(daily.events, (sum) => sum.events), quarantined: series(daily.refused, (sum) => sum.messages),
    };
    draw("revenue", lines.gross, "money", days, from);
    draw("engagement", lines.sessions, "count", days, from);
    draw("operations", lines.events.map((events) => events / MINUTES), "ratio", days, from);
    draw("quarantine", lines.quarantined, "count", days, from);
    compare(chosen, lines);
  }

  function compare(chosen, lines) {
    const { from, to } = chosen, length = to - from + 1, before = { ...chosen, from: from - length, to: from - 1 };
    const now = headlines(data, chosen), then = before.from >= 0 ? headlines(data, before) : null;
    $("period").textContent = `${days[from]} to ${days[to]}` +
      (then ? `, compared with ${days[before.from]} to ${days[before.to]}.` : ". Choose a shorter period to compare it with the one before.");
    for (const [id, kind] of Object.entries(KINDS)) {
      const place = document.querySelector(`[data-figure=${id}]`);
      place.querySelector(".value").textContent = written(now[id], kind);
      const part = then && now[id] !== null && then[id] ? now[id] / then[id] - 1 : null;
      place.querySelector(".change").textContent =
        part === null ? "" : `${part < 0 ? "−" : "+"}${Math.abs(100 * part).toFixed(1)} % (${written(then[id], kind)})`;
      spark(place.querySelector(".spark"), Array.from(lines[id]));
    }
  }

  // A period is drawn with the pointer over a chart by day; the fields From and To do the same by keyboard.
  function brush(place) {
    let begun = null, drawn = null;
    const dayAt = (event) => {
      const box = place.getBoundingClientRect(), { from, to } = filters();
      return from + Math.min(to - from, Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * (to - from + 1))));
    };
    const end = () => { begun = null; drawn?.remove(); drawn = null; };
    place.addEventListener("pointerdown", (event) => {
      begun = { day: dayAt(event), x: event.clientX };
      place.setPointerCapture(event.pointerId);
    });
    place.addEventListener("pointermove", (event) => {
      if (begun === null) return;
      if (!drawn) { drawn = document.createElement("div"); drawn.className = "chosen"; place.append(drawn); }
      const box = place.getBoundingClientRect(), end = Math.min(Math.max(event.clientX, box.left), box.right);
      drawn.style.left = `${Math.min(begun.x, end) - box.left}px`;
      drawn.style.width = `${Math.abs(end - begun.x)}px`;
    });
    place.addEventListener("pointercancel", end);
    place.addEventListener("pointerup", (event) => {
      if (begun === null) return;
      const [from, to] = [begun.day, dayAt(event)].sort((one, other) => one - other);
      end();
      if (from === to) return;
      field("from").value = days[from];
      field("to").value = days[to];
      show();
    });
  }

  clear();
  form.hidden = false;
  measureCharts();
  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(() => { clear(); show(); }));
  for (const id of ["revenue", "engagement", "operations", "quarantine"]) brush($(`${id}-chart`));
  let width = innerWidth;
  addEventListener("resize", () => { if (innerWidth !== width) { width = innerWidth; measureCharts(); show(); } });
  for (const details of document.querySelectorAll("details")) {
    details.open = false;
    details.addEventListener("toggle", () => { if (details.open) flush(details.closest("section").id); });
  }
  const folded = [];
  addEventListener("beforeprint", () => document.querySelectorAll("details:not([open])").forEach((details) => {
    folded.push(details);
    details.open = true;
    flush(details.closest("section").id);
  }));
  addEventListener("afterprint", () => folded.splice(0).forEach((details) => { details.open = false; }));
  show();
  document.documentElement.dataset.ready = "";
}

start();
