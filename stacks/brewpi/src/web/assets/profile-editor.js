// A profile as points on a graph: dragged, added by a tap, removed. The table beside it is the form that is sent.
(() => {
  "use strict";

  const SVG = "http://www.w3.org/2000/svg", HEIGHT = 340, EDGE = { left: 62, right: 16, top: 16, bottom: 30 };
  const HOURS = { y: 8760, w: 168, d: 24, h: 1, m: 1 / 60, s: 1 / 3600 };

  const hoursOf = (text) => {
    const found = [...text.matchAll(/(\d+)\s*([ywdhms])/g)];
    if (!found.length || text.replace(/(\d+)\s*([ywdhms])/g, "").trim()) return null;
    return found.reduce((sum, [, number, unit]) => sum + Number(number) * HOURS[unit], 0);
  };
  const textOf = (hours) => {
    const whole = Math.round(hours), days = Math.floor(whole / 24), rest = whole % 24;
    return [days ? `${days}d` : "", rest ? `${rest}h` : ""].filter(Boolean).join(" ") || "0h";
  };
  const step = (range, most) => {
    const wanted = range / most, power = 10 ** Math.floor(Math.log10(wanted));
    return [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= wanted);
  };

  class Editor {
    constructor(form) {
      this.form = form;
      this.body = form.querySelector("[data-points]");
      this.canvas = form.querySelector("[data-canvas]");
      this.locked = !form.querySelector("button[type=submit]");
      this.svg = this.make("svg", { width: "100%", height: HEIGHT, role: "img", "aria-label": "The profile as a line" });
      this.canvas.append(this.svg);
      if (!this.locked) {
        for (const row of this.rows()) if (this.isEmpty(row) && this.rows().length > 1) row.remove();
        this.rows().forEach((row) => this.equip(row));
        const add = document.createElement("button");
        add.type = "button";
        add.className = "plain small gap";
        add.textContent = "Add a point";
        add.addEventListener("click", () => this.addRow(this.next(), true));
        const line = document.createElement("p");
        line.append(add);
        this.body.parentElement.after(line);
        this.svg.addEventListener("click", (event) => this.tapped(event));
      }
      this.body.addEventListener("input", () => this.draw());
      form.querySelector("[name=unit]").addEventListener("change", () => this.draw());
      new ResizeObserver(() => this.draw()).observe(this.canvas);
    }

    make(name, attributes, styles = {}) {
      const made = document.createElementNS(SVG, name);
      for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
      Object.assign(made.style, styles);
      return made;
    }

    rows() { return [...this.body.rows]; }
    isEmpty(row) { return [...row.querySelectorAll("input")].every((input) => !input.value.trim()); }

    equip(row) {
      const remove = document.createElement("button");
      remove.type = "button";
      remove.className = "plain small";
      remove.textContent = "✕";
      remove.setAttribute("aria-label", "Remove this point");
      remove.addEventListener("click", () => { row.remove(); this.number(); this.draw(); });
      row.cells[2].replaceChildren(remove);
    }

    number() {
      this.rows().forEach((row, i) => {
        row.querySelector("[name=after]").setAttribute("aria-label", `Point ${i + 1}: time after the start`);
        row.querySelector("[name=degrees]").setAttribute("aria-label", `Point ${i + 1}: temperature`);
      });
    }

    // What the rows say, in the order of time; rows that say nothing yet are left out.
    points() {
      return this.rows().map((row) => ({
        row,
        hours: hoursOf(row.querySelector("[name=after]").value),
        degrees: parseFloat(row.querySelector("[name=degrees]").value.replace(",", ".")),
      })).filter((point) => point.hours !== null && Number.isFinite(point.degrees)).sort((a, b) => a.hours - b.hours);
    }

    put(point) {
      point.row.querySelector("[name=after]").value = textOf(point.hours);
      point.row.querySelector("[name=degrees]").value = point.degrees.toFixed(1);
    }

    next() {
      const last = this.points().at(-1);
      return last ? { hours: last.hours + 24, degrees: last.degrees } : { hours: 0, degrees: 18 };
    }

    addRow({ hours, degrees }, focus) {
      const model = this.rows()[0];
      const row = document.createElement("tr");
      for (const name of ["after", "degrees"]) {
        const input = document.createElement("input");
        input.name = name;
        if (name === "degrees") input.inputMode = "decimal";
        row.insertCell().append(input);
      }
      row.insertCell();
      this.equip(row);
      this.put({ row, hours, degrees });
      const behind = this.points().find((point) => point.hours > hours);
      this.body.insertBefore(row, behind ? behind.row : null);
      this.number();
      this.draw();
      if (focus && model) row.querySelector("input").focus();
    }

    // The part of the plane that is shown. It stays as it is while a point is dragged.
    frame() {
      if (this.dragged) return this.held;
      const points = this.points();
      const degrees = points.map((point) => point.degrees);
      const [least, most] = degrees.length ? [Math.min(...degrees), Math.max(...degrees)] : [10, 20];
      const room = Math.max((most - least) * 0.25, 3);
      this.held = {
        width: Math.max(this.svg.clientWidth, 200),
        hours: Math.max((points.at(-1)?.hours ?? 0) * 1.15, 24),
        low: Math.floor(least - room),
        high: Math.ceil(most + room),
      };
      return this.held;
    }

    x(hours) { const f = this.held; return EDGE.left + hours / f.hours * (f.width - EDGE.left - EDGE.right); }
    y(degrees) { const f = this.held; return HEIGHT - EDGE.bottom - (degrees - f.low) / (f.high - f.low) * (HEIGHT - EDGE.top - EDGE.bottom); }

    place(event) {
      const box = this.svg.getBoundingClientRect(), f = this.held;
      const hours = (event.clientX - box.left - EDGE.left) / (f.width - EDGE.left - EDGE.right) * f.hours;
      const degrees = f.low + (HEIGHT - EDGE.bottom - (event.clientY - box.top)) / (HEIGHT - EDGE.top - EDGE.bottom) * (f.high - f.low);
      const snap = f.hours > 24 * 21 ? 6 : 1;
      return { hours: Math.max(0, Math.round(hours / snap) * snap), degrees: Math.min(f.high, Math.max(f.low, Math.round(degrees * 2) / 2)) };
    }

    tapped(event) {
      if (this.justDragged) { this.justDragged = false; return; }
      const box = this.svg.getBoundingClientRect();
      if (event.clientX - box.left < EDGE.left) return;
      this.addRow(this.place(event), false);
    }

    draw() {
      const f = this.frame(), points = this.points();
      const unit = this.form.querySelector("[name=unit]").value;
      const parts = [...this.grid(f, unit)];
      if (points.length) {
        const line = points.map((point) => `${this.x(point.hours)},${this.y(point.degrees)}`);
        const whole = [`${this.x(0)},${this.y(points[0].degrees)}`, ...line, `${this.x(f.hours)},${this.y(points.at(-1).degrees)}`];
        parts.push(this.make("polyline", { points: whole.join(" ") }, { fill: "none", stroke: "var(--soft)", strokeWidth: 2, strokeDasharray: "4 4" }));
        parts.push(this.make("polyline", { points: line.join(" ") }, { fill: "none", stroke: "var(--accent)", strokeWidth: 3 }));
      }
      for (const point of points) parts.push(...this.handle(point));
      this.svg.replaceChildren(...parts);
    }

    *grid(f, unit) {
      const text = (x, y, words, anchor) => {
        const made = this.make("text", { x, y, "text-anchor": anchor }, { fill: "var(--soft)", fontSize: "12px" });
        made.textContent = words;
        return made;
      };
      const line = (x1, y1, x2, y2) => this.make("line", { x1, y1, x2, y2 }, { stroke: "var(--line)" });
      const high = step(f.high - f.low, 7);
      for (let degrees = Math.ceil(f.low / high) * high; degrees <= f.high; degrees += high) {
        yield line(EDGE.left, this.y(degrees), f.width - EDGE.right, this.y(degrees));
        yield text(EDGE.left - 14, this.y(degrees) + 4, `${+degrees.toFixed(1)} °${unit}`, "end");
      }
      const days = f.hours > 48, wide = days ? Math.max(step(f.hours / 24, f.width / 60), 1) * 24 : 6;
      for (let hours = 0; hours <= f.hours; hours += wide) {
        yield line(this.x(hours), EDGE.top, this.x(hours), HEIGHT - EDGE.bottom);
        yield text(this.x(hours), HEIGHT - 10, days ? `${hours / 24} d` : `${hours} h`, "middle");
      }
    }

    handle(point) {
      const at = { cx: this.x(point.hours), cy: this.y(point.degrees) };
      const seen = this.make("circle", { ...at, r: 7 }, { fill: "var(--accent)", stroke: "var(--raised)", strokeWidth: 2, pointerEvents: "none" });
      if (this.locked) return [seen];
      const held = this.make("circle", { ...at, r: 20 }, { fill: "transparent", cursor: "grab", touchAction: "none" });
      held.addEventListener("pointerdown", (event) => this.grab(event, point.row));
      held.addEventListener("click", (event) => event.stopPropagation());
      return [seen, held];
    }

    // The circles are drawn anew at each move, so it is the picture that follows the pointer.
    grab(event, row) {
      event.preventDefault();
      this.dragged = row;
      this.svg.setPointerCapture(event.pointerId);
      const move = (moved) => {
        const points = this.points(), i = points.findIndex((point) => point.row === row), wanted = this.place(moved);
        const least = points[i - 1]?.hours ?? 0, most = points[i + 1]?.hours ?? Infinity;
        this.put({ row, hours: Math.min(Math.max(wanted.hours, least), most), degrees: wanted.degrees });
        this.justDragged = true;
        this.draw();
      };
      const drop = () => {
        this.dragged = null;
        this.svg.removeEventListener("pointermove", move);
        this.svg.removeEventListener("pointerup", drop);
        this.svg.removeEventListener("pointercancel", drop);
        this.draw();
        setTimeout(() => { this.justDragged = false; }, 0);
      };
      this.svg.addEventListener("pointermove", move);
      this.svg.addEventListener("pointerup", drop);
      this.svg.addEventListener("pointercancel", drop);
    }
  }

  document.querySelectorAll("form[data-profile]").forEach((form) => new Editor(form));
})();
