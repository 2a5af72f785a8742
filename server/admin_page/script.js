"use strict";

// What the server tells once a second becomes numbers and lines. It tells counts; rates are made here.

const HISTORY = 300;         // seconds that the charts show at most
const SHORT_HISTORY = 60;    // and at least
const GONE_AFTER_MS = 3500;  // without an event
const RETRY_MS = 1000;

const element = id => document.getElementById(id);

function show(section, values) {
  for (const [name, text] of Object.entries(values)) {
    element(section).querySelector(`[data-is="${name}"]`).textContent = text;
  }
}

// Numbers for people.
function count(value) {
  if (!isFinite(value)) return "–";
  return value < 10 && !Number.isInteger(value) ? value.toFixed(1) : Math.round(value).toLocaleString("en");
}
function bytes(value) {
  let unit = 0;
  for (; value >= 1024 && unit < 4; ++unit) value /= 1024;
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${["B", "KB", "MB", "GB", "TB"][unit]}`;
}
function duration(us) {
  if (!isFinite(us)) return "–";
  if (us < 1000) return `${us < 10 ? us.toFixed(1) : Math.round(us)} µs`;
  return us < 1e6 ? `${(us / 1000).toPrecision(3)} ms` : `${(us / 1e6).toPrecision(3)} s`;
}
function span(seconds) {
  const days = Math.floor(seconds / 86400);
  const clock = [seconds / 3600 % 24, seconds / 60 % 60, seconds % 60];
  return (days ? `${days} d ` : "") + clock.map(part => String(Math.floor(part)).padStart(2, "0")).join(":");
}

// To a number with one round digit.
function roundUp(value) {
  if (value <= 0) return 1;
  const unit = 10 ** Math.floor(Math.log10(value));
  return unit * [1, 2, 4, 6, 8, 10].find(digit => digit * unit >= value);
}

// Lines over the last minutes; a hole where nothing was known.
class Chart {
  constructor(section, text) {
    this.svg = element(section).querySelector("svg.chart");
    this.text = text;
    this.samples = [];
  }
  add(...values) {
    this.samples.push(values);
    if (this.samples.length > HISTORY) this.samples.shift();
    this.draw();
  }
  draw() {
    const width = this.svg.clientWidth, height = this.svg.clientHeight;
    const known = this.samples.flat().filter(value => value !== null && isFinite(value));
    const seconds = Math.max(SHORT_HISTORY, this.samples.length);
    const top = roundUp(Math.max(...known, 0) * 1.05);
    this.svg.replaceChildren();
    for (const part of [0, 0.5, 1]) {
      this.append("line", {class: "grid", x1: 0, x2: width, y1: (height - 1) * (1 - part) + 0.5, y2: (height - 1) * (1 - part) + 0.5});
      if (part > 0) this.append("text", {x: 2, y: height * (1 - part) + 12}).textContent = this.text(top * part);
    }
    ["first", "second"].forEach((name, line) => {
      let path = "", pen = "M";
      this.samples.forEach((values, i) => {
        const value = values[line];
        if (value === undefined || value === null || !isFinite(value)) {
          pen = "M";
          return;
        }
        const x = width * (1 - (this.samples.length - 1 - i) / (seconds - 1));
        path += `${pen}${x.toFixed(1)} ${(height - 1 - (height - 2) * value / top).toFixed(1)}`;
        pen = "L";
      });
      if (path) this.append("path", {class: name, d: path});
    });
  }
  append(name, attributes) {
    const child = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) child.setAttribute(key, value);
    this.svg.append(child);
    return child;
  }
}

function drawBar(section, part) {
  const svg = element(section).querySelector("svg.bar");
  if (!svg.firstChild) {
    for (const name of ["", "filled"]) {
      const bar = document.createElementNS("http://www.w3.org/2000/svg", "rect");
      for (const [key, value] of Object.entries({class: name, width: "100%", height: "100%", rx: 4})) {
        bar.setAttribute(key, value);
      }
      svg.append(bar);
    }
  }
  svg.lastChild.setAttribute("width", `${100 * Math.min(1, Math.max(0, part || 0))}%`);
}

const charts = {
  requests: new Chart("requests", count),
  latency: new Chart("latency", duration),
  sync: new Chart("sync", duration),
  memory: new Chart("memory", bytes),
  connections: new Chart("connections", value => `${bytes(value)}/s`),
};

// What `percent` of the calls between two events were shorter than, in microseconds.
function percentile(before, now, percent) {
  const known = new Map(before);
  const fresh = now.map(([end, calls]) => [end, calls - (known.get(end) || 0)]);
  const all = fresh.reduce((sum, [, calls]) => sum + calls, 0);
  let seen = 0;
  for (const [end, calls] of fresh) {
    seen += calls;
    if (calls > 0 && seen >= all * percent / 100) return end;
  }
  return NaN;
}

let last = null;

function showRates(now) {
  const seconds = (now.time_ms - last.time_ms) / 1000;
  const grown = read => Math.max(0, read(now) - read(last));
  const rate = read => grown(read) / seconds;
  const each = (read, of) => grown(of) ? grown(read) / grown(of) : NaN;

  const requests = rate(event => event.requests);
  show("requests", {rate: count(requests), errors: `${count(rate(event => event.errors))} errors/s`});
  charts.requests.add(requests);

  const [p50, p99, p999] = [50, 99, 99.9].map(percent => percentile(last.latency, now.latency, percent));
  show("latency", {p50: duration(p50), p99: duration(p99), p999: duration(p999)});
  charts.latency.add(p50, p99);

  const sync = each(event => event.commit.sync_s, event => event.commit.syncs) * 1e6;
  const wait = each(event => event.commit.held_us, event => event.commit.held);
  const size = each(event => event.commit.bytes, event => event.commit.commits);
  show("sync", {sync: duration(sync), wait: duration(wait), commits: count(rate(event => event.commit.commits)),
                size: isFinite(size) ? bytes(size) : "–"});
  charts.sync.add(sync, wait);

  const [bytesIn, bytesOut] = [rate(event => event.bytes_in), rate(event => event.bytes_out)];
  show("connections", {in: bytes(bytesIn), out: bytes(bytesOut)});
  charts.connections.add(bytesIn, bytesOut);

  show("objects", {hits: count(rate(event => event.objects.hits)), misses: count(rate(event => event.objects.misses)),
                   loads: count(rate(event => event.objects.loads))});
}

function checkpointText(checkpoint) {
  if (checkpoint.running) return `a checkpoint is made: ${count(checkpoint.objects)} objects, ${bytes(checkpoint.bytes)}`;
  if (!checkpoint.ok) return `the last checkpoint failed: ${checkpoint.error}`;
  if (checkpoint.last_ms < 0) return "no checkpoint since the start";
  return `${count(checkpoint.completed)} checkpoints; the last took ${duration(checkpoint.last_ms * 1000)} for ` +
         `${count(checkpoint.objects)} objects, ${bytes(checkpoint.bytes)}`;
}

function showState(now) {
  const {memory, objects, checkpoint} = now;
  show("memory", {used: bytes(memory.used), limit: memory.limit ? `of ${bytes(memory.limit)}` : "no limit",
                  objects: bytes(memory.objects), dirty: bytes(memory.dirty)});
  charts.memory.add(memory.used, memory.objects);
  drawBar("memory", memory.limit ? memory.used / memory.limit : 0);
  show("objects", {all: count(objects.all), resident: count(objects.resident), cold: count(objects.all - objects.resident),
                   waiting: count(objects.waiting)});
  drawBar("objects", objects.all ? objects.resident / objects.all : 1);
  show("journal", {bytes: bytes(checkpoint.journal_bytes), limit: bytes(checkpoint.journal_limit),
                   checkpoint: checkpointText(checkpoint)});
  drawBar("journal", checkpoint.journal_bytes / checkpoint.journal_limit);
  show("connections", {count: count(now.connections)});
  element("slowest").querySelector("tbody").replaceChildren(...now.slowest.map(row => {
    const line = document.createElement("tr");
    for (const text of [row.command, count(row.calls), duration(row.mean_us), duration(row.p99_us)]) {
      line.insertCell().textContent = text;
    }
    return line;
  }));
  element("facts").textContent = `version ${now.version} · up ${span(now.uptime_s)} · charts: up to ${HISTORY / 60} minutes`;
}

function setState(state, text) {
  element("state").dataset.state = state;
  element("state").textContent = text;
  document.body.classList.toggle("gone", state === "gone");
}

// The server comes and goes.
let source = null, lastHeard = Date.now(), goneSince = null;

function onEvent(message) {
  const now = JSON.parse(message.data);
  lastHeard = Date.now();
  goneSince = null;
  setState(now.ready ? "serving" : "refusing", now.ready ? "serving" : `not ready: ${now.reason}`);
  if (last && last.run_id === now.run_id && now.time_ms > last.time_ms) {
    showRates(now);
  } else if (last) {
    for (const chart of Object.values(charts)) chart.add(null, null);
  }
  showState(now);
  last = now;
}

function onGone() {
  if (goneSince === null) {
    goneSince = new Date();
    for (const chart of Object.values(charts)) chart.add(null, null);
  }
  setState("gone", `the server is gone since ${goneSince.toLocaleTimeString()}; trying again`);
  last = null;
}

function connect() {
  if (source) source.close();
  source = new EventSource("/events");
  source.onmessage = onEvent;
  source.onerror = onGone;
}

connect();
let lastTried = Date.now();
setInterval(() => {
  if (Date.now() - lastHeard > GONE_AFTER_MS) onGone();
  if (goneSince !== null && Date.now() - lastTried > 2 * RETRY_MS) {
    lastTried = Date.now();
    connect();
  }
}, RETRY_MS);
addEventListener("resize", () => Object.values(charts).forEach(chart => chart.draw()));

// Looking at one key.
async function lookUp(form) {
  const query = new URLSearchParams(new FormData(form));
  const facts = element("key").querySelector("dl"), value = element("key").querySelector("pre");
  facts.replaceChildren();
  value.hidden = true;
  element("answer").textContent = "…";
  let found;
  try {
    found = await (await fetch(`/key?${query}`)).json();
  } catch {
    element("answer").textContent = "the server does not answer";
    return;
  }
  element("answer").textContent = found.error || "";
  if (found.error) return;
  const ttl = found.ttl_ms < 0 ? "for ever" : `for ${span(found.ttl_ms / 1000)}`;
  const rows = {name: found.name, type: `${found.type} (${found.encoding})`, lives: ttl,
                kept: found.was === "cold" ? "on disk only; this look has read it" : "in memory",
                value: `${count(found.value_bytes)} bytes${found.cut ? ", of which the first are" : ""}`};
  for (const [name, text] of Object.entries(rows)) {
    facts.append(Object.assign(document.createElement("dt"), {textContent: name}),
                 Object.assign(document.createElement("dd"), {textContent: text}));
  }
  value.textContent = found.value;
  value.hidden = false;
}
element("key").querySelector("form").addEventListener("submit", event => {
  event.preventDefault();
  lookUp(event.target);
});
