// The explorer: a direction large, or two side by side, moved by one slider. Its pictures and words
// are those of the strips further down the page, which are there without scripts too.
"use strict";

(() => {
  const explorer = document.querySelector(".explorer");
  const chapters = [...document.querySelectorAll(".chapter")];
  if (!explorer || !chapters.length) return;

  const form = explorer.querySelector("form");
  const { generator, order, two } = form.elements;
  const range = explorer.querySelector("input[type=range]");
  const output = explorer.querySelector("output");
  const link = explorer.querySelector(".link");

  const unique = (values) => [...new Set(values)];
  const named = (values) => unique(values).map((value) => [value, value]);
  const signed = (value) => (value > 0 ? "+" : value < 0 ? "\u2212" : "") + Math.abs(value);
  const here = () => chapters.filter(({ dataset }) => dataset.generator === generator.value);

  function fill(select, entries) {
    const before = select.value;
    select.replaceChildren(...entries.map(([value, text]) => new Option(text, value)));
    if (entries.some(([value]) => value === before)) select.value = before;
  }

  // A direction's values by order, as [number, text]; what an order does not know comes last.
  const known = (figure) => JSON.parse(figure.dataset.sorted);
  function key(figure) {
    const value = known(figure)[order.value];
    if (!value) return Infinity;
    return order.selectedOptions[0].dataset.better === "low" ? value[0] : -value[0];
  }

  // One direction of one method: its choices, its large images and its strip.
  class Lane {
    constructor(root) {
      const part = (selector) => root.querySelector(selector);
      this.root = root;
      [this.method, this.seed, this.direction] = ["method", "seed", "direction"].map((n) => part(`select[name=${n}]`));
      [this.previous, this.next] = ["previous", "next"].map((n) => part(`button[name=${n}]`));
      [this.stage, this.facts, this.whole] = [".stage", ".facts", ".whole"].map(part);
      this.count = part(".count");
      [this.strip, this.cursor] = [part(".whole img"), part(".cursor")];
      this.sprite = new Image();
      this.sprite.addEventListener("load", () => this.show());
      this.method.addEventListener("change", () => { this.chooseMethod(); changed(); });
      this.seed.addEventListener("change", () => { this.chooseSeed(); changed(); });
      this.direction.addEventListener("change", () => { this.chooseDirection(); changed(); });
      this.previous.addEventListener("click", () => this.move(-1));
      this.next.addEventListener("click", () => this.move(1));
      this.whole.addEventListener("click", ({ clientX }) => {
        const box = this.whole.getBoundingClientRect();
        shift(Math.floor(((clientX - box.left) / box.width) * this.eps.length));
      });
    }

    get shown() { return !this.root.hidden; }
    figures() { return [...this.chapter.querySelectorAll("figure[data-k]")]; }
    own() { return here().filter(({ dataset }) => dataset.method === this.method.value); }

    chooseGenerator() {
      fill(this.method, named(here().map((one) => one.dataset.method)));
      this.chooseMethod();
    }

    chooseMethod() {
      fill(this.seed, named(this.own().map((one) => one.dataset.seed)));
      this.seed.parentElement.hidden = this.seed.length < 2;
      this.chooseSeed();
    }

    chooseSeed() {
      this.chapter = this.own().find(({ dataset }) => dataset.seed === this.seed.value);
      const { eps, height, width, rows } = this.chapter.dataset;
      this.eps = eps.split(" ").map(Number);
      [this.height, this.width] = [Number(height), Number(width)];
      if (Number(range.max) !== this.eps.length - 1) {
        range.max = this.eps.length - 1;
        range.value = (this.eps.length - 1) / 2;
      }
      this.canvases = Array.from({ length: Number(rows) }, () => {
        const canvas = document.createElement("canvas");
        const scale = Math.max(1, Math.round(256 / this.width));
        [canvas.width, canvas.height] = [this.width * scale, this.height * scale];
        return canvas;
      });
      this.stage.replaceChildren(...this.canvases);
      this.cursor.style.width = `${100 / this.eps.length}%`;
      this.sort();
    }

    sort() {
      const keys = new Map(this.figures().map((figure) => [figure, key(figure)]));
      const before = (a, b) => (keys.get(a) < keys.get(b) ? -1 : keys.get(a) > keys.get(b) ? 1 : a.dataset.k - b.dataset.k);
      const said = unique([order.options[0], order.selectedOptions[0]]).filter(({ index }) => index < order.length - 1); // the last is the number itself
      fill(this.direction, [...keys.keys()].sort(before).map((figure) => {
        const values = known(figure);
        const words = said.filter(({ value }) => values[value]).map(({ value, text }) => `${text} ${values[value][1]}`);
        const { k, label } = figure.dataset;
        return [k, [`direction ${k}`, ...words, ...(label ? [label] : [])].join(", ")];
      }));
      const { of } = this.chapter.dataset;
      this.count.textContent = keys.size < of ? `(${keys.size} of ${of} are on this page)` : "";
      this.direction.selectedIndex = 0;
      this.chooseDirection();
    }

    chooseDirection() {
      const figure = this.figures().find(({ dataset }) => dataset.k === this.direction.value);
      const picture = figure.querySelector("img");
      this.facts.replaceChildren(...figure.querySelector("figcaption").cloneNode(true).childNodes);
      this.strip.alt = picture.alt;
      this.strip.src = this.sprite.src = picture.src;
      this.previous.disabled = this.direction.selectedIndex === 0;
      this.next.disabled = this.direction.selectedIndex === this.direction.length - 1;
      this.show();
    }

    move(by) {
      const place = this.direction.selectedIndex + by;
      if (place < 0 || place >= this.direction.length) return;
      this.direction.selectedIndex = place;
      this.chooseDirection();
      changed();
    }

    show() {
      const step = Number(range.value);
      const words = `direction ${this.direction.value} of ${this.method.value} by eps ${signed(this.eps[step])}`;
      this.stage.setAttribute("aria-label", `${this.canvases.length} different z, moved along ${words}`);
      this.cursor.style.left = `${(100 * step) / this.eps.length}%`;
      if (!this.sprite.complete || !this.sprite.naturalWidth) return;
      this.canvases.forEach((canvas, row) => {
        const context = canvas.getContext("2d");
        context.imageSmoothingQuality = "high";
        context.drawImage(
          this.sprite, step * this.width, row * this.height, this.width, this.height, 0, 0, canvas.width, canvas.height,
        );
      });
    }

    // Take up what a link asks for, as far as the page has it.
    recall(method, seed, direction) {
      const choose = (select, value) => {
        if (value === null) return true;
        const there = [...select.options].some((one) => one.value === value);
        if (there) select.value = value;
        return there;
      };
      let whole = choose(this.method, method);
      this.chooseMethod();
      whole = choose(this.seed, seed) && whole;
      this.chooseSeed();
      whole = choose(this.direction, direction) && whole;
      this.chooseDirection();
      if (!whole) this.facts.prepend("What the link asks for is not on this page; this is another direction. ");
    }
  }

  const lanes = [...explorer.querySelectorAll(".lane")].map((root) => new Lane(root));
  const [first, second] = lanes;
  const shown = () => lanes.filter((lane) => lane.shown);

  function show() {
    const words = unique(shown().map(({ eps }) => `eps ${signed(eps[Number(range.value)])}`)).join(", ");
    output.value = words;
    range.setAttribute("aria-valuetext", words);
    shown().forEach((lane) => lane.show());
    link.href = `#${address()}`;
  }

  function shift(step) {
    range.value = Math.max(0, Math.min(Number(range.max), step));
    changed();
  }

  function besides(on) {
    second.root.hidden = !on;
    two.setAttribute("aria-pressed", String(on));
    explorer.classList.toggle("of-two", on);
  }

  // What is shown, as the part of an address after the #.
  function address() {
    const of = (lane, before) => [["method", lane.method], ["seed", lane.seed], ["direction", lane.direction]]
      .map(([name, select]) => [before + name, select.value]);
    const parts = [["generator", generator.value], ...of(first, ""), ["eps", first.eps[Number(range.value)]]];
    return new URLSearchParams(second.shown ? [...parts, ...of(second, "beside-")] : parts).toString();
  }

  function recall() {
    const asked = new URLSearchParams(location.hash.slice(1));
    const of = (before) => ["method", "seed", "direction"].map((name) => asked.get(before + name));
    if (!asked.has("direction") || !chapters.some(({ dataset }) => dataset.generator === asked.get("generator"))) return;
    generator.value = asked.get("generator");
    lanes.forEach((lane) => lane.chooseGenerator());
    first.recall(...of(""));
    besides(asked.has("beside-method"));
    if (second.shown) second.recall(...of("beside-"));
    const step = first.eps.indexOf(Number(asked.get("eps")));
    range.value = step < 0 ? (first.eps.length - 1) / 2 : step;
    show();
    explorer.scrollIntoView();
  }

  // The reader chose something: show it, and let the page's address lead back to it.
  function changed() {
    show();
    history.replaceState(null, "", link.href);
  }

  range.addEventListener("input", changed);
  generator.addEventListener("change", () => { lanes.forEach((lane) => lane.chooseGenerator()); changed(); });
  order.addEventListener("change", () => { lanes.forEach((lane) => lane.sort()); changed(); });
  two.addEventListener("click", () => { besides(!second.shown); changed(); });
  form.addEventListener("submit", (event) => event.preventDefault());
  explorer.addEventListener("keydown", (event) => {
    const { key: pressed, target } = event;
    if (target instanceof HTMLSelectElement || event.ctrlKey || event.metaKey || event.altKey) return;
    const lane = lanes.find(({ root }) => root.contains(target)) ?? first;
    if (pressed === "ArrowUp" || pressed === "ArrowDown") lane.move(pressed === "ArrowUp" ? -1 : 1);
    else if (target !== range && (pressed === "ArrowLeft" || pressed === "ArrowRight")) shift(Number(range.value) + (pressed === "ArrowLeft" ? -1 : 1));
    else return;
    event.preventDefault();
  });
  window.addEventListener("hashchange", recall);

  fill(generator, named(chapters.map((one) => one.dataset.generator)));
  explorer.hidden = false;
  lanes.forEach((lane) => lane.chooseGenerator());
  second.method.selectedIndex = Math.min(1, second.method.length - 1);
  second.chooseMethod();
  show();
  recall();
})();
