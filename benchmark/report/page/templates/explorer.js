// The explorer: one direction large, moved by a slider. Its pictures and words are those of the
// strips further down the page, which are there without scripts too.
"use strict";

(() => {
  const explorer = document.querySelector(".explorer");
  const chapters = [...document.querySelectorAll(".chapter")];
  if (!explorer || !chapters.length) return;

  const form = explorer.querySelector("form");
  const { generator, method, order, direction, previous, next } = form.elements;
  const stage = explorer.querySelector(".stage");
  const range = explorer.querySelector("input[type=range]");
  const said = explorer.querySelector("output");
  const facts = explorer.querySelector(".facts");
  const whole = explorer.querySelector(".whole");
  const strip = whole.querySelector("img");
  const cursor = whole.querySelector(".cursor");
  const sprite = new Image();
  let chapter, eps, height, width, canvases;

  function fill(select, entries) {
    const before = select.value;
    select.replaceChildren(...entries.map(([value, text]) => new Option(text, value)));
    if (entries.some(([value]) => value === before)) select.value = before;
  }
  const figures = () => [...chapter.querySelectorAll("figure")];
  const names = (key, among) => [...new Set(among.map((one) => one.dataset[key]))].map((n) => [n, n]);
  const signed = (value) => (value > 0 ? "+" : value < 0 ? "\u2212" : "") + Math.abs(value);

  // A direction's values by order, as [number, text]; what an order does not know comes last.
  const known = (figure) => JSON.parse(figure.dataset.sorted);
  function key(figure) {
    const value = known(figure)[order.value];
    if (!value) return Infinity;
    return order.selectedOptions[0].dataset.better === "low" ? value[0] : -value[0];
  }

  function chooseGenerator() {
    fill(method, names("method", chapters.filter((c) => c.dataset.generator === generator.value)));
    chooseMethod();
  }

  function chooseMethod() {
    chapter = chapters.find(
      ({ dataset }) => dataset.generator === generator.value && dataset.method === method.value,
    );
    eps = chapter.dataset.eps.split(" ").map(Number);
    [height, width] = [Number(chapter.dataset.height), Number(chapter.dataset.width)];
    if (Number(range.max) !== eps.length - 1) {
      range.max = eps.length - 1;
      range.value = (eps.length - 1) / 2;
    }
    canvases = Array.from({ length: Number(chapter.dataset.rows) }, () => {
      const canvas = document.createElement("canvas");
      const scale = Math.max(1, Math.round(256 / width));
      [canvas.width, canvas.height] = [width * scale, height * scale];
      return canvas;
    });
    stage.replaceChildren(...canvases);
    cursor.style.width = `${100 / eps.length}%`;
    sort();
    direction.selectedIndex = 0;
    chooseDirection();
  }

  function sort() {
    const keys = new Map(figures().map((figure) => [figure, key(figure)]));
    const before = (a, b) => (keys.get(a) < keys.get(b) ? -1 : keys.get(a) > keys.get(b) ? 1 : a.dataset.k - b.dataset.k);
    const said = [...new Set([order.options[0], order.selectedOptions[0]])].filter(({ index }) => index < order.length - 1); // the last is the number itself
    fill(direction, [...keys.keys()].sort(before).map((figure) => {
      const values = known(figure);
      const words = said.filter(({ value }) => values[value]).map(({ value, text }) => `${text} ${values[value][1]}`);
      const { k, label } = figure.dataset;
      return [k, [`direction ${k}`, ...words, ...(label ? [label] : [])].join(", ")];
    }));
  }

  function chooseDirection() {
    const figure = figures().find(({ dataset }) => dataset.k === direction.value);
    const picture = figure.querySelector("img");
    facts.replaceChildren(...figure.querySelector("figcaption").cloneNode(true).childNodes);
    strip.alt = picture.alt;
    strip.src = sprite.src = picture.src;
    previous.disabled = direction.selectedIndex === 0;
    next.disabled = direction.selectedIndex === direction.length - 1;
    show();
  }

  function show() {
    const step = Number(range.value);
    const words = `eps ${signed(eps[step])}`;
    said.value = words;
    range.setAttribute("aria-valuetext", words);
    stage.setAttribute("aria-label", `${canvases.length} different z, moved along direction ${direction.value} by ${words}`);
    cursor.style.left = `${(100 * step) / eps.length}%`;
    if (!sprite.complete || !sprite.naturalWidth) return;
    canvases.forEach((canvas, row) => {
      const context = canvas.getContext("2d");
      context.imageSmoothingQuality = "high";
      context.drawImage(
        sprite, step * width, row * height, width, height, 0, 0, canvas.width, canvas.height,
      );
    });
  }

  function move(by) {
    direction.selectedIndex += by;
    chooseDirection();
  }

  sprite.addEventListener("load", show);
  range.addEventListener("input", show);
  generator.addEventListener("change", chooseGenerator);
  method.addEventListener("change", chooseMethod);
  order.addEventListener("change", () => { sort(); direction.selectedIndex = 0; chooseDirection(); });
  direction.addEventListener("change", chooseDirection);
  previous.addEventListener("click", () => move(-1));
  next.addEventListener("click", () => move(1));
  form.addEventListener("submit", (event) => event.preventDefault());
  whole.addEventListener("click", (event) => {
    const box = whole.getBoundingClientRect();
    const step = Math.floor(((event.clientX - box.left) / box.width) * eps.length);
    range.value = Math.max(0, Math.min(eps.length - 1, step));
    show();
  });

  fill(generator, names("generator", chapters));
  explorer.hidden = false;
  chooseGenerator();
})();
