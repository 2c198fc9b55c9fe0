// Comfort for the item pages: the slider, the keys, and delivery of answers over a broken
// connection. Everything here is optional: without scripts the forms work as they are.
"use strict";

const $ = (selector, within = document) => within.querySelector(selector);
const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];

// ---------------------------------------------------------------- the slider moves all rows

const LARGER = "study-larger"; // whether this browser shows small screens' pictures larger

function startPictures(section) {
  const steps = Number(section.dataset.steps);
  const columns = section.dataset.columns.split(" ").map(Number);
  const range = $("input[type=range]", section);
  const play = $(".play", section);
  const films = $$(".frame img", section);
  for (const film of films) {
    film.parentElement.style.aspectRatio = `${section.dataset.width} / ${section.dataset.height}`;
    film.style.width = `${steps * 100}%`;
    film.src = film.dataset.src;
  }
  const cursors = $$(".strips li", section).map((row) => {
    const cursor = document.createElement("span");
    cursor.className = "cursor";
    cursor.style.width = `${60 / columns.length}%`;
    row.append(cursor);
    row.addEventListener("click", (event) => {
      const box = row.getBoundingClientRect();
      const column = Math.floor(((event.clientX - box.left) / box.width) * columns.length);
      show(columns[Math.max(0, Math.min(columns.length - 1, column))]);
    });
    return cursor;
  });

  function show(step) {
    range.value = step;
    range.setAttribute("aria-valuetext", range.dataset.text.replace("#", Number(step) + 1));
    for (const film of films) film.style.transform = `translateX(${(-100 * step) / steps}%)`;
    const place = (step / (steps - 1)) * (columns.length - 1);
    for (const cursor of cursors) cursor.style.left = `${(100 * place + 20) / columns.length}%`;
  }

  let timer = 0;
  let heading = 1;
  function stop() {
    clearInterval(timer);
    timer = 0;
    $("span", play).textContent = play.dataset.play;
    play.classList.remove("playing");
  }
  function toggle() {
    if (timer) return stop();
    $("span", play).textContent = play.dataset.stop;
    play.classList.add("playing");
    timer = setInterval(() => {
      const next = Number(range.value) + heading;
      if (next <= 0 || next >= steps - 1) heading = -heading;
      show(Math.max(0, Math.min(steps - 1, next)));
    }, 1600 / steps);
  }
  const larger = $(".larger", section);
  const stage = $(".stage", section);
  function enlarge(on) {
    section.classList.toggle("enlarged", on);
    larger.setAttribute("aria-pressed", on);
  }
  function toggleSize() {
    enlarge(!section.classList.contains("enlarged"));
    try { sessionStorage.setItem(LARGER, section.classList.contains("enlarged") ? "yes" : ""); } catch { /* no storage */ }
  }
  larger.hidden = false;
  larger.addEventListener("click", toggleSize);
  // Small pictures are made larger by a tap on them; where the button is not shown, none is small.
  $(".frames", section).addEventListener("click", () => { if (larger.offsetParent) toggleSize(); });
  $(".strips", section).addEventListener("click", () => { if (!stage.offsetParent) toggleSize(); });
  try { enlarge(sessionStorage.getItem(LARGER) === "yes"); } catch { /* no storage */ }

  range.addEventListener("input", () => { stop(); show(Number(range.value)); });
  play.addEventListener("click", toggle);
  stage.hidden = false;
  show(Number(range.value));
  return {
    toggle,
    move(by) {
      stop();
      show(Math.max(0, Math.min(steps - 1, Number(range.value) + by)));
    },
  };
}

// ---------------------------------------------------------------- keys

// The questions that are asked come in turn: a key answers the next one that it fits. A text is
// passed by Enter; in it, keys are letters.
function startKeys(form, pictures) {
  const boxes = $$(".question", form);
  const isText = (box) => box.classList.contains("words");
  const field = (box) => $("input[type=text]", box);
  const value = (name) => $(`input[name="${name}"]:checked`, form)?.value;
  const asked = () => boxes.filter((box) =>
    Object.entries(JSON.parse(box.dataset.if)).every(([name, answer]) => value(name) === answer));
  const chosen = (box) => Boolean($("input:checked", box));
  const answered = asked().every((box) => isText(box) || chosen(box)); // before, or by another try
  const passed = new Set(boxes.filter((box) => isText(box) && (answered || field(box).value)));
  const done = (box) => (isText(box) ? passed.has(box) : chosen(box));
  let at = asked().find((box) => !done(box)) || asked().at(-1);

  function mark() {
    const open = asked();
    for (const box of boxes) {
      box.classList.remove("asked");
      const needed = "required" in box.dataset && open.includes(box);
      for (const input of $$("input[type=radio]", box)) input.required = needed;
      if (isText(box)) field(box).required = needed;
    }
    (open.every(done) ? open.at(-1) : at)?.classList.add("asked");
  }
  function inTurn(first) {
    const open = asked();
    const from = Math.max(0, open.indexOf(first));
    return [...open.slice(from), ...open.slice(0, from)];
  }
  // To the next question; a key leads into a field, a finger does not, which would open a keyboard.
  function goOn(box, byKey) {
    const rest = inTurn(box);
    at = rest.slice(1).find((next) => !done(next)) || rest[1] || box;
    mark();
    if (done(at) || (!byKey && boxes.indexOf(at) < boxes.indexOf(box))) return;
    for (const shown of [asked().at(-1), at]) shown.scrollIntoView({ block: "nearest" });
    if (byKey && isText(at)) field(at).focus();
  }
  function press(key) {
    for (const box of inTurn(at)) {
      const choice = $$("input[data-key]", box).find((input) => input.dataset.key === key);
      if (!choice) continue;
      choice.checked = true;
      choice.dispatchEvent(new Event("change", { bubbles: true }));
      goOn(box, true);
      const own = choice.value === "other" && $(".word input", box);
      if (own && own.offsetParent) own.focus();
      else if ("sends" in box.dataset && asked().every(done)) form.requestSubmit();
      return true;
    }
    return false;
  }
  // Whether Enter in a text was used to go on to a question that is still open.
  function passText(input) {
    const box = input.closest(".question.words");
    if (!box || !input.reportValidity()) return Boolean(box);
    passed.add(box);
    const next = inTurn(box).find((other) => !done(other));
    if (!next) return false;
    goOn(box, true);
    if (!isText(next)) {
      next.tabIndex = -1;
      next.focus({ preventScroll: true });
    }
    return true;
  }

  form.addEventListener("change", (event) => {
    const box = event.target.closest(".question");
    if (!box) return;
    if (isText(box)) {
      if (event.target.value) passed.add(box);
      mark();
    } else goOn(box, false);
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || !event.key) return;
    const key = event.key.toLowerCase();
    if (event.target.matches("input[type=text]")) {
      if (key === "enter" && passText(event.target)) event.preventDefault();
      return;
    }
    const control = event.target.closest("a, button, summary");
    if (key.length === 1 && press(key)) event.preventDefault();
    else if (key === "arrowleft") pictures.move(-1);
    else if (key === "arrowright") pictures.move(1);
    else if (key === "p") pictures.toggle();
    else if (key === "enter" && !control) form.requestSubmit();
    else if (key === "backspace") $(".back", form)?.click();
    else return;
    event.preventDefault();
  });
  mark();
}

// ---------------------------------------------------------------- delivery, exactly once

// An answer is kept in this browser until the server has confirmed it. Its ticket makes a second
// delivery harmless, so that sending again is always safe.
const KEPT = `study-answer-${document.body.dataset.study}`;

function kept() {
  try { return JSON.parse(localStorage.getItem(KEPT)); } catch { return null; }
}
function keep(answer) {
  try {
    if (answer) localStorage.setItem(KEPT, JSON.stringify(answer));
    else localStorage.removeItem(KEPT);
  } catch { /* private mode without storage: the page itself still holds the answer */ }
}

// Resolves to the next address; null where the server refused; throws where it was not reached.
async function send(answer) {
  const body = new URLSearchParams(answer.body);
  body.set("csrf_token", document.body.dataset.csrf);
  const response = await fetch(answer.url, {
    method: "POST", body, headers: { Accept: "application/json" }, redirect: "follow",
  });
  if (response.status >= 500 || response.status === 429) throw new Error("not now");
  if (!response.ok) return null;
  const json = (response.headers.get("Content-Type") || "").startsWith("application/json");
  return json ? (await response.json()).next : response.url;
}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

// notBefore: the site takes no answer sooner, since nobody can have looked.
async function deliver(answer, status, refused, notBefore = 0) {
  keep(answer);
  if (status) status.textContent = status.dataset.sending;
  await pause(Math.max(0, notBefore - performance.now()));
  for (let wait = 500; ; wait = Math.min(2 * wait, 8000)) {
    try {
      const next = await send(answer);
      keep(null);
      if (next) location.assign(next);
      else refused();
      return;
    } catch {
      if (status) status.textContent = status.dataset.offline;
      await new Promise((resolve) => {
        setTimeout(resolve, wait);
        addEventListener("online", resolve, { once: true });
      });
    }
  }
}

function startDelivery(form) {
  const status = $(".status", form);
  const ready = performance.now() + 1000 * Number(form.dataset.least);
  let sending = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (sending) return;
    sending = true;
    form.classList.add("sending");
    const answer = { url: form.action, body: new URLSearchParams(new FormData(form)).toString() };
    // Refused: let the browser send the form, so that the server's page explains why.
    deliver(answer, status, () => form.submit(), ready);
  });
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
}

// ---------------------------------------------------------------- signs of life

// While somebody looks at the page, its item stays reserved. Who has not judged anything yet sends
// the first sign at once; for all others the answer before was one.
function startSigns(form) {
  const every = 1000 * Number(form.dataset.every);
  let last = "first" in form.dataset ? -Infinity : performance.now();
  function sign() {
    if (document.hidden || performance.now() - last < every) return;
    last = performance.now();
    const body = new URLSearchParams({ csrf_token: document.body.dataset.csrf });
    fetch(form.dataset.sign, { method: "POST", body }).catch(() => {});
  }
  setInterval(sign, every / 4);
  document.addEventListener("visibilitychange", sign);
  sign();
}

// A page that waits for a place asks again by itself, where somebody looks at it.
function startWaiting(form) {
  const due = performance.now() + 1000 * Number(form.dataset.retry);
  function ask() {
    if (document.hidden || performance.now() < due) return;
    clearInterval(timer);
    form.submit();
  }
  const timer = setInterval(ask, 500);
  document.addEventListener("visibilitychange", ask);
}

// ---------------------------------------------------------------- the same page in another language

// What was chosen and typed so far is kept while the page comes again in the other language.
const DRAFT = `study-draft-${document.body.dataset.study}`;

function startLanguages(form, languages) {
  const fields = () => $$("input:not([type=hidden], [type=password])", form);
  const chosen = (input) => (input.type === "radio" ? input.checked : input.value !== "");
  try {
    const draft = JSON.parse(sessionStorage.getItem(DRAFT));
    sessionStorage.removeItem(DRAFT);
    if (draft?.page === location.pathname) {
      for (const input of fields()) {
        const said = draft.fields.find(([name, value]) =>
          name === input.name && (input.type !== "radio" || value === input.value));
        if (input.type === "radio") input.checked = Boolean(said);
        else input.value = said ? said[1] : "";
      }
    }
  } catch { /* no storage, or not ours */ }
  languages.addEventListener("submit", () => {
    const said = fields().filter(chosen).map((input) => [input.name, input.value]);
    const draft = { page: location.pathname, fields: said };
    try { sessionStorage.setItem(DRAFT, JSON.stringify(draft)); } catch { /* no storage */ }
  });
}

// ---------------------------------------------------------------- a window that is too narrow

// It is told before the consent, and closes the way on until the window is wide enough.
function startScreen(notice) {
  const forward = $("main form .primary");
  function measure() {
    const narrow = innerWidth < Number(notice.dataset.leastScreen);
    notice.hidden = !narrow;
    if (forward) forward.disabled = narrow;
  }
  addEventListener("resize", measure);
  measure();
}

// ----------------------------------------------------------------

const languages = $("form.languages");
const main = $("main form");
if (languages && main && !document.body.classList.contains("admin")) startLanguages(main, languages);

const sections = $$(".pictures");
const form = $("form.answer");
// Who withdrew: nothing of them is kept or sent. Who thinks about it: nothing is sent meanwhile.
const gone = $("[data-forget]");
if (gone) {
  keep(null);
  try { sessionStorage.removeItem(DRAFT); } catch { /* no storage */ }
}
const pending = $("[data-hold]") ? null : kept();
if (pending) deliver(pending, form && $(".status", form), () => location.reload());
if (sections.length && form) {
  const all = sections.map(startPictures);
  startKeys(form, {
    toggle: () => all.forEach((pictures) => pictures.toggle()),
    move: (by) => all.forEach((pictures) => pictures.move(by)),
  });
  if (form.dataset.sign) { // an item, and no practice
    startDelivery(form);
    startSigns(form);
  }
}
const screenRule = $("[data-least-screen]");
if (screenRule) startScreen(screenRule);
const waiting = $("form[data-retry]");
if (waiting) startWaiting(waiting);
