"use strict";

// The page is whole without this: here is what chooses, searches, moves and looks closer.
// Nothing is ever made of text as HTML, and nothing is loaded.

const $ = (id) => document.getElementById(id);

/* Light or dark: as the system says, until asked for the other. */

$("theme").addEventListener("click", () => {
  const root = document.documentElement;
  const dark = root.dataset.theme
    ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
});

/* What is shown: sections of the chosen kind and reason, in them the entries that match. */

const sections = [...document.querySelectorAll(".group")].map((node) => ({
  node,
  lists: [...node.querySelectorAll("ul")].map((list) => ({
    node: list,
    entries: [...list.children].map((item) => ({ item, shown: true, text: null })),
  })),
}));
const total = document.querySelectorAll(".group li").length;
const chosen = { kind: "", reason: "", words: [] };

function matches(entry) {
  const { item } = entry;
  entry.text ??= [item.textContent, item.dataset.files, item.dataset.facts].join("\n").toLowerCase();
  return chosen.words.every((word) => entry.text.includes(word));
}

// How many entries of a list are shown now; only those that change are touched.
function sift(list) {
  let count = 0;
  for (const entry of list.entries) {
    const match = matches(entry);
    if (match !== entry.shown) entry.item.hidden = !match;
    entry.shown = match;
    count += match;
  }
  list.node.hidden = count === 0;
  return count;
}

function show() {
  let count = 0;
  for (const { node, lists } of sections) {
    const { kind, reason } = node.dataset;
    const asked = [kind, ""].includes(chosen.kind) && [reason, ""].includes(chosen.reason);
    const shown = asked ? lists.reduce((sum, list) => sum + sift(list), 0) : 0;
    node.hidden = shown === 0;
    count += shown;
  }
  const all = count === total;
  const number = (value) => value.toLocaleString("en");
  $("changes").classList.toggle("found", chosen.words.length > 0);
  $("nothing").hidden = count > 0;
  $("everything").hidden = all;
  $("shown").textContent = all ? "" : `${number(count)} of ${number(total)}`;
}

function press(button, on) {
  const { filter } = button.dataset;
  chosen[filter] = on ? button.value : "";
  for (const each of document.querySelectorAll(`.choice[data-filter="${filter}"]`)) {
    each.setAttribute("aria-pressed", String(on && each === button));
  }
}

for (const button of document.querySelectorAll(".choice")) {
  button.addEventListener("click", () => {
    press(button, button.value !== chosen[button.dataset.filter]);
    show();
  });
}

const search = $("search");

function find(text) {
  if (search.value !== text) search.value = text;
  chosen.words = text.toLowerCase().split(/\s+/).filter(Boolean);
  show();
}

search?.addEventListener("input", () => find(search.value));
search?.form.addEventListener("submit", (event) => event.preventDefault());
$("everything")?.addEventListener("click", () => {
  for (const button of document.querySelectorAll(".choice")) press(button, false);
  find("");
  search.focus();
});

/* Moving: one entry of the page can be reached by Tab, the arrows go to the others. */

const entries = () => [...document.querySelectorAll(".group:not([hidden]) li:not([hidden]) > button")];

function enter(current) {
  document.querySelector('li > button[tabindex="0"]')?.setAttribute("tabindex", "-1");
  current?.setAttribute("tabindex", "0");
}

enter(document.querySelector("li > button"));
$("changes").addEventListener("focusin", ({ target }) => {
  if (target.matches("li > button")) enter(target);
});

// The nearest entry of the next line above or below; lines may hold any number of them.
function vertical(all, from, step) {
  const box = (button) => button.parentElement.getBoundingClientRect();
  const here = box(all[from]);
  const middle = here.left + here.width / 2;
  let best = from;
  let line = null;
  let distance = Infinity;
  for (let at = from + step; at >= 0 && at < all.length; at += step) {
    const there = box(all[at]);
    if (line === null ? Math.abs(there.top - here.top) < 2 : false) continue;
    line ??= there.top;
    if (Math.abs(there.top - line) > 2) break;
    const away = Math.abs(there.left + there.width / 2 - middle);
    if (away < distance) [best, distance] = [at, away];
  }
  return best;
}

function moved(key, all, from) {
  switch (key) {
    case "ArrowRight": return Math.min(from + 1, all.length - 1);
    case "ArrowLeft": return Math.max(from - 1, 0);
    case "ArrowDown": return vertical(all, from, 1);
    case "ArrowUp": return vertical(all, from, -1);
    case "Home": return 0;
    case "End": return all.length - 1;
    default: return -1;
  }
}

$("changes").addEventListener("keydown", (event) => {
  if (!event.target.matches("li > button") || event.ctrlKey || event.metaKey || event.altKey) return;
  const all = entries();
  const to = moved(event.key, all, all.indexOf(event.target));
  if (to < 0) return;
  event.preventDefault();
  all[to].focus();
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !search) return;
  if (event.key === "/" && event.target !== search && !preview.open) {
    event.preventDefault();
    search.focus();
    search.select();
  } else if (event.key === "Escape" && event.target === search) {
    find("");
    search.blur();
  }
});

/* A closer look. */

const ENLARGED = 2;
const preview = $("preview");
let looked = null;

function cell(text) {
  const made = document.createElement("td");
  made.textContent = text;
  return made;
}

function lookAt(button) {
  const { parentElement: item } = button;
  const group = item.closest(".group");
  const small = button.querySelector("img");
  const picture = $("preview-picture");
  looked = button;
  $("preview-name").textContent = button.querySelector("span").textContent;
  $("preview-why").replaceChildren(
    group.querySelector("h2 .dot").cloneNode(),
    `${group.querySelector("h2").childNodes[1].textContent.trim()}: ${group.querySelector(".meaning").textContent}`,
  );
  $("preview-why").className = `why ${group.dataset.reason}`;
  picture.hidden = !small;
  $("preview-blank").hidden = Boolean(small);
  $("preview-blank").textContent = button.querySelector(".blank")?.textContent ?? "";
  if (small) {
    picture.src = small.src;
    picture.width = small.getAttribute("width") * ENLARGED;
  }
  const lines = (text) => (text ? text.split("\n") : []);
  $("preview-files").replaceChildren(...lines(item.dataset.files).map((line) => {
    const row = document.createElement("tr");
    row.append(...line.split("\t").map(cell));
    return row;
  }));
  $("preview-facts").replaceChildren(...lines(item.dataset.facts).map((fact) => {
    const made = document.createElement("li");
    made.textContent = fact;
    return made;
  }));
  const all = entries();
  const at = all.indexOf(button);
  $("back").disabled = at <= 0;
  $("on").disabled = at < 0 || at === all.length - 1;
}

function turn(step) {
  const all = entries();
  const next = all[all.indexOf(looked) + step];
  if (next) lookAt(next);
}

$("changes").addEventListener("click", ({ target }) => {
  const button = target.closest("li > button");
  if (!button) return;
  lookAt(button);
  preview.showModal();
});
$("back").addEventListener("click", () => turn(-1));
$("on").addEventListener("click", () => turn(1));
$("close").addEventListener("click", () => preview.close());
preview.addEventListener("click", ({ target }) => target === preview && preview.close());
preview.addEventListener("close", () => looked?.focus());
preview.addEventListener("keydown", (event) => {
  if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
    event.preventDefault();
    turn(event.key === "ArrowRight" ? 1 : -1);
  }
});

performance.mark("galleria:ready");
