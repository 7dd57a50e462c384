// Graphs, times by the clock of whoever looks, and streams that rest while nobody does. Nothing here knows what is shown.
(() => {
  "use strict";

  const HIDDEN_FOR_MS = 5000, REFRESH_AFTER_MS = 500;
  const WIDTHS = { line: 2.5, thin: 1.25, dash: 1.5 };
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  // --- streams -----------------------------------------------------------------------------------------------------
  // A browser keeps few connections to a server, and every tab with a stream holds one: those that nobody sees let go.
  const sources = new Set(), listeners = [];
  let resting = null;

  const listen = (source, name, heard) => source.addEventListener(name, heard);
  if (window.htmx) {
    htmx.createEventSource = (url) => {
      const source = new EventSource(url);
      sources.add(source);
      for (const [name, heard] of listeners) listen(source, name, heard);
      return source;
    };
  }
  document.addEventListener("visibilitychange", () => {
    clearTimeout(resting);
    if (document.hidden) {
      resting = setTimeout(() => sources.forEach((source) => source.close()), HIDDEN_FOR_MS);
      return;
    }
    for (const source of [...sources]) {
      if (source.readyState !== EventSource.CLOSED) continue;
      sources.delete(source);
      // htmx makes another when it is told of an error of one that is closed.
      if (source.onerror) source.onerror(new Event("error"));
    }
  });
  const offline = (is) => { const told = document.querySelector(".offline"); if (told) told.hidden = !is; };
  document.addEventListener("htmx:sseError", () => { if (!document.hidden) offline(true); });
  document.addEventListener("htmx:sseOpen", () => offline(false));
  addEventListener("pagehide", () => sources.forEach((source) => source.close()));

  // --- what is swapped ---------------------------------------------------------------------------------------------
  // A log that shows its end goes on showing it, and one that has the keyboard keeps it.
  const logOf = (place) => place.querySelector?.("pre.log");
  document.addEventListener("htmx:sseBeforeMessage", (event) => {
    const log = logOf(event.target);
    if (!log) return;
    event.target.atEnd = log.scrollTop + log.clientHeight >= log.scrollHeight - 4;
    event.target.was = { top: log.scrollTop, focused: document.activeElement === log };
  });
  document.addEventListener("htmx:sseMessage", (event) => {
    localTimes(event.target);
    const log = logOf(event.target);
    if (!log || !event.target.was) return;
    log.scrollTop = event.target.atEnd ? log.scrollHeight : event.target.was.top;
    if (event.target.was.focused) log.focus({ preventScroll: true });
  });

  // --- forms -------------------------------------------------------------------------------------------------------
  document.addEventListener("submit", (event) => {
    const asked = event.submitter?.dataset.confirm;
    if (asked && !confirm(asked)) event.preventDefault();
  });

  // --- times -------------------------------------------------------------------------------------------------------
  const localTimes = (root) => {
    for (const place of root.querySelectorAll("time[data-at]")) {
      const at = new Date(Number(place.dataset.at) * 1000);
      place.dateTime = at.toISOString();
      place.textContent = at.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
    }
  };

  // --- graphs ------------------------------------------------------------------------------------------------------
  const button = (text, label, pressed) => {
    const made = document.createElement("button");
    made.type = "button";
    made.className = "plain small";
    made.textContent = text;
    made.setAttribute("aria-label", label);
    made.title = label;
    made.addEventListener("click", pressed);
    return made;
  };

  class Graph {
    constructor(figure) {
      this.figure = figure;
      this.zoomed = null;
      this.plot = null;
      this.asked = 0;
      const tools = document.createElement("div");
      tools.className = "tools";
      tools.append(
        button("←", "Earlier", () => this.move(-0.5)),
        button("→", "Later", () => this.move(0.5)),
        button("+", "Zoom in", () => this.scale(0.5)),
        button("−", "Zoom out", () => this.scale(2)),
        button("All", "Show all", () => this.load(null)),
      );
      this.room = document.createElement("div");
      this.hint = document.createElement("p");
      this.hint.className = "hint";
      this.hint.setAttribute("role", "status");
      this.list = document.createElement("details");
      figure.replaceChildren(tools, this.room, this.hint, this.list);
      new ResizeObserver(() => this.fit()).observe(figure);
      matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
      if (figure.dataset.refresh) {
        let later = null;
        const heard = () => {
          if (this.zoomed || later) return;
          later = setTimeout(() => { later = null; if (!this.zoomed) this.load(null); }, REFRESH_AFTER_MS);
        };
        listeners.push([figure.dataset.refresh, heard]);
        sources.forEach((source) => listen(source, figure.dataset.refresh, heard));
      }
      this.load(null);
    }

    async load(range) {
      const asked = ++this.asked;
      const url = new URL(this.figure.dataset.graph, location.href);
      url.searchParams.set("points", Math.max(this.figure.clientWidth, 100));
      if (range) {
        url.searchParams.set("from", Math.floor(range[0]));
        url.searchParams.set("to", Math.ceil(range[1]));
      }
      let told;
      try {
        const answer = await fetch(url, { credentials: "same-origin" });
        if (!answer.ok) throw new Error(`the server says ${answer.status}`);
        told = await answer.json();
      } catch (error) {
        if (asked === this.asked) this.hint.textContent = `The graph cannot be loaded: ${error.message}`;
        return;
      }
      if (asked !== this.asked) return;
      this.zoomed = range;
      const same = this.told && JSON.stringify(this.told.series) === JSON.stringify(told.series);
      this.told = told;
      if (same && this.plot) {
        this.plot.setData(told.data, false);
        this.plot.setScale("x", this.range());
      } else {
        this.draw();
      }
      this.listNotes();
      const none = told.data[0].length === 0;
      this.hint.textContent = none ? "No data points in this time yet."
        : "Drag over the graph to zoom in, double-click to see all.";
    }

    // The notes whose lines are in the graph, in words.
    listNotes() {
      const notes = this.told.notes ?? [];
      this.list.hidden = notes.length === 0;
      const summary = document.createElement("summary"), list = document.createElement("ul");
      summary.textContent = `Notes (${notes.length}), at the dotted lines`;
      for (const note of notes) {
        const item = document.createElement("li");
        item.textContent = `${new Date(note.at * 1000).toLocaleString()}: ${note.text}`;
        list.append(item);
      }
      this.list.replaceChildren(summary, list);
    }

    range() {
      const times = this.told.data[0], last = times.length - 1;
      const now = Date.now() / 1000;
      const min = this.zoomed ? this.zoomed[0] : this.told.from ?? times[0] ?? now - 3600;
      const max = this.zoomed ? this.zoomed[1] : this.told.to ?? times[last] ?? now;
      return max > min ? { min, max } : { min: min - 60, max: max + 60 };
    }

    move(share) {
      if (!this.told) return;
      const { min, max } = this.range(), by = (max - min) * share;
      this.load([min + by, max + by]);
    }

    scale(factor) {
      if (!this.told) return;
      const { min, max } = this.range(), middle = (min + max) / 2, half = Math.max((max - min) * factor, 60) / 2;
      this.load([middle - half, middle + half]);
    }

    fit() {
      const width = this.figure.clientWidth;
      if (this.plot && width && width !== this.plot.width) this.plot.setSize({ width, height: this.height() });
    }

    height() { return this.figure.clientWidth < 600 ? 300 : 420; }

    draw() {
      if (!this.told || !window.uPlot) return;
      if (this.plot) this.plot.destroy();
      const soft = colour("--soft"), line = colour("--line"), unit = this.told.unit ?? "";
      const axis = { stroke: soft, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 } };
      const value = (_, v) => (v == null ? "–" : `${v.toFixed(1)} ${unit}`.trim());
      const series = this.told.series.map((one, i) => ({
        label: one.label,
        stroke: colour(`--series-${one.colour ?? i + 1}`) || colour("--text"),
        width: WIDTHS[one.style] ?? 2,
        dash: one.style === "dash" ? [6, 4] : undefined,
        spanGaps: false,
        points: { show: this.told.data[0].length < 3 },
        value,
      }));
      this.plot = new uPlot({
        width: this.figure.clientWidth,
        height: this.height(),
        series: [{ value: (_, at) => (at == null ? "–" : new Date(at * 1000).toLocaleString()) }, ...series],
        axes: [{ ...axis, space: 80, values: (_, all) => all.map((at) => this.time(at)) }, { ...axis, size: 56, values: (_, all) => all.map((v) => `${+v.toFixed(2)} ${unit}`.trim()) }],
        scales: { x: { time: true }, y: { range: (_, min, max) => this.high(min, max) } },
        legend: { markers: { width: 3, dash: (_, i) => (this.told.series[i - 1]?.style === "dash" ? "dashed" : "solid") } },
        cursor: {
          drag: { x: true, y: false, setScale: false },
          bind: { dblclick: () => () => { this.load(null); return null; } },
        },
        hooks: { setSelect: [(plot) => this.selected(plot)], draw: [(plot) => this.notes(plot)] },
      }, this.told.data, this.room);
      this.plot.setScale("x", this.range());
    }

    // A day where one begins, else the time of it, as people here write them.
    time(at) {
      const shown = new Date(at * 1000), begins = shown.getHours() === 0 && shown.getMinutes() === 0;
      return begins ? shown.toLocaleDateString(undefined, { day: "numeric", month: "short" })
        : shown.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit", hour12: false });
    }

    high(min, max) {
      if (min == null) return [0, 1];
      const room = Math.max((max - min) * 0.08, 0.5);
      return [min - room, max + room];
    }

    selected(plot) {
      const { left, width } = plot.select;
      if (width < 5) return;
      const range = [plot.posToVal(left, "x"), plot.posToVal(left + width, "x")];
      plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
      this.load(range);
    }

    notes(plot) {
      const { ctx, bbox } = plot;
      ctx.save();
      ctx.strokeStyle = colour("--soft");
      ctx.setLineDash([2, 4]);
      for (const note of this.told.notes ?? []) {
        const x = plot.valToPos(note.at, "x", true);
        if (x < bbox.left || x > bbox.left + bbox.width) continue;
        ctx.beginPath();
        ctx.moveTo(x, bbox.top);
        ctx.lineTo(x, bbox.top + bbox.height);
        ctx.stroke();
      }
      ctx.restore();
    }
  }

  const whole = () => {
    // What has been done is told once, and not again when the page is loaded again.
    const here = new URL(location.href);
    if (here.searchParams.has("done")) {
      here.searchParams.delete("done");
      history.replaceState(null, "", here);
    }
    localTimes(document);
    document.querySelectorAll("[data-graph]").forEach((figure) => new Graph(figure));
    document.querySelectorAll("pre.log").forEach((log) => { log.scrollTop = log.scrollHeight; });
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", whole);
  else whole();
})();
