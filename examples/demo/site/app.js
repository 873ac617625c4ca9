// Shows the photos that the published manifest lists. The site adds what the manifest does not know:
// titles, descriptions and proportions (gallery.json); without it the photos are shown all the same.
"use strict";

const $ = (id) => document.getElementById(id);
const viewer = $("viewer");
let photos = [];
let current = 0;
let opener = null;

async function load(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${answer.statusText}`);
  return answer.json();
}

/** The address of a file of the manifest: "full/a.jpg" and "photos/full/a.jpg" are the same file. */
function address(path) {
  const parts = path.replace(/^photos\//, "").split("/");
  return "photos/" + parts.map(encodeURIComponent).join("/");
}

/** A local time as the manifest writes it, shown as it is: no visitor's time zone may shift it. */
function day(timestamp, style) {
  if (!timestamp) return "";
  const date = new Date(timestamp.replace(/(Z|[+-]\d\d:?\d\d)$/, "") + "Z");
  if (Number.isNaN(date.getTime())) return timestamp;
  return new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", ...style }).format(date);
}

/** "Canon" and "Canon EOS R5" make one name, "FUJIFILM" and "X-T5" are joined. */
function cameraName(camera) {
  const { make, model } = camera || {};
  if (!make || !model) return model || make || "";
  return model.toLowerCase().startsWith(make.toLowerCase()) ? model : `${make} ${model}`;
}

function describe(entry, known) {
  const exif = entry.exif || {};
  const taken = exif.corrected_timestamp || exif.original_timestamp;
  const when = day(taken, { dateStyle: "long" });
  const { width = 3, height = 2 } = known;
  return {
    id: entry.id,
    title: known.title || when || entry.id,
    alt: known.alt || `Photo${when ? " of " + when : ""}`,
    taken: taken || "",
    date: known.title ? when : "",
    moment: day(taken, { dateStyle: "long", timeStyle: "short" }),
    camera: cameraName(exif.camera),
    aspect: width / height,
    full: address(entry.files.full),
    web: address(entry.files.web),
    thumb: address(entry.files.thumb),
  };
}

function element(name, properties, ...children) {
  const node = Object.assign(document.createElement(name), properties);
  node.append(...children);
  return node;
}

/** The width of a picture that fits a square of this side. */
const fitted = (photo, side) => Math.round(photo.aspect >= 1 ? side : side * photo.aspect);

function tile(photo, index, sizes) {
  const image = element("img", {
    alt: photo.alt,
    loading: index < 6 ? "eager" : "lazy",
    decoding: "async",
    width: fitted(photo, sizes.thumb),
    height: Math.round(fitted(photo, sizes.thumb) / photo.aspect),
    sizes: `(max-width: 600px) 92vw, ${Math.round(photo.aspect * 24)}vw`,
    srcset: `${photo.thumb} ${fitted(photo, sizes.thumb)}w, ${photo.web} ${fitted(photo, sizes.web)}w`,
  });
  image.onload = () => image.classList.add("ready");
  image.onerror = () => { image.removeAttribute("srcset"); image.onerror = null; image.src = photo.web; };
  image.src = photo.thumb;
  const caption = element("div", { className: "caption" },
    element("strong", { textContent: photo.title }), element("span", { textContent: photo.date }));
  caption.setAttribute("aria-hidden", "true");
  const link = element("a", { href: photo.web, title: "" }, image, caption);
  link.setAttribute("aria-label", `${photo.title}: ${photo.alt}`);
  link.addEventListener("click", (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    open(index, link);
  });
  const item = element("li", { className: "photo" }, link);
  item.style.setProperty("--aspect", photo.aspect.toFixed(4));
  return item;
}

/**
 * Where to break a list of proportions into rows, so that all rows come as close as possible to the
 * wished height when each fills the width. Returns the index after each row's last photo.
 */
function breaks(aspects, width, height, gap) {
  const best = [{ cost: 0, from: 0 }];
  for (let end = 1; end <= aspects.length; end += 1) {
    let sum = 0;
    best[end] = { cost: Infinity, from: end - 1 };
    for (let from = end - 1; from >= 0; from -= 1) {
      sum += aspects[from];
      const tall = (width - gap * (end - from - 1)) / sum;
      const cost = best[from].cost + Math.log(Math.max(tall, 1) / height) ** 2;
      if (cost < best[end].cost) best[end] = { cost, from };
      if (tall < height / 3) break;
    }
  }
  const ends = [];
  for (let end = aspects.length; end > 0; end = best[end].from) ends.unshift(end);
  return ends;
}

function arrange() {
  const grid = $("photos");
  const { width } = grid.getBoundingClientRect();
  const gap = parseFloat(getComputedStyle(grid).columnGap) || 0;
  const height = width > 1100 ? 300 : width > 600 ? 250 : 215;
  const aspects = photos.map((photo) => photo.aspect);
  let from = 0;
  for (const end of breaks(aspects, width, height, gap)) {
    const row = aspects.slice(from, end);
    const sum = row.reduce((a, b) => a + b, 0);
    // A hair less than the whole width, or rounding would wrap the last photo of a row.
    const tall = Math.min((width - gap * (row.length - 1) - 0.5) / sum, height * 2.6);
    for (; from < end; from += 1) grid.children[from].style.width = `${aspects[from] * tall}px`;
  }
}

function show(index) {
  current = (index + photos.length) % photos.length;
  const photo = photos[current];
  const image = $("viewer-image");
  image.src = photo.thumb;
  image.alt = photo.alt;
  // The thumb is there at once; the web image takes its place when it has arrived.
  const sharp = new Image();
  sharp.onload = () => { if (photos[current] === photo) image.src = photo.web; };
  sharp.src = photo.web;
  $("viewer-title").textContent = photo.title;
  $("viewer-facts").textContent = [photo.moment, photo.camera].filter(Boolean).join("  ·  ");
  $("viewer-count").textContent = `${current + 1} / ${photos.length}`;
  $("viewer-full").href = photo.full;
  for (const step of [1, -1]) {
    new Image().src = photos[(current + step + photos.length) % photos.length].web;
  }
  history.replaceState(null, "", "#" + encodeURIComponent(photo.id));
}

function open(index, from) {
  opener = from;
  show(index);
  if (!viewer.open) viewer.showModal();
}

function follow() {
  const id = decodeURIComponent(location.hash.slice(1));
  const index = photos.findIndex((photo) => photo.id === id);
  if (index >= 0) open(index, null);
  else if (viewer.open) viewer.close();
}

const actions = {
  close: () => viewer.close(),
  previous: () => show(current - 1),
  next: () => show(current + 1),
};

function listen() {
  viewer.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) actions[button.dataset.do]();
    else if (event.target.classList.contains("stage")) viewer.close();
  });
  viewer.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const target = { ArrowLeft: current - 1, ArrowRight: current + 1, Home: 0, End: photos.length - 1 }[event.key];
    if (target === undefined) return;
    event.preventDefault();
    show(target);
  });
  viewer.addEventListener("close", () => {
    history.replaceState(null, "", location.pathname + location.search);
    const links = document.querySelectorAll(".photo a");
    (links[current] || opener)?.focus({ preventScroll: false });
  });
  let start = null;
  const stage = viewer.querySelector(".stage");
  stage.addEventListener("touchstart", (event) => {
    start = event.touches.length === 1 ? event.touches[0].clientX : null;
  }, { passive: true });
  stage.addEventListener("touchend", (event) => {
    if (start === null) return;
    const moved = event.changedTouches[0].clientX - start;
    start = null;
    if (Math.abs(moved) > 50) show(current + (moved < 0 ? 1 : -1));
  });
  window.addEventListener("hashchange", follow);
}

function summary() {
  const dates = photos.map((photo) => photo.taken).filter(Boolean).sort();
  const style = { month: "short", year: "numeric" };
  const [first, last] = [day(dates[0], style), day(dates.at(-1), style)];
  const span = first === last ? first : `${first} – ${last}`;
  return [`${photos.length} ${photos.length === 1 ? "photo" : "photos"}`, span].filter(Boolean).join(" · ");
}

async function start() {
  try {
    const [manifest, about] = await Promise.all([
      load("gallery-metadata.json"),
      load("gallery.json").catch(() => ({})),
    ]);
    const known = about.photos || {};
    photos = manifest.photos.map((entry) => describe(entry, known[entry.id] || {}));
    photos.sort((a, b) => a.taken.localeCompare(b.taken));
    const settings = manifest.settings || {};
    const sizes = { thumb: settings.thumb_size?.[0] || 400, web: settings.web_size?.[0] || 2048 };
    document.title = $("title").textContent = about.title || manifest.collection || "Photos";
    $("intro").textContent = about.intro || "";
    $("facts").textContent = summary();
    $("photos").append(...photos.map((photo, index) => tile(photo, index, sizes)));
    $("message").textContent = photos.length ? "" : "There are no photos here yet.";
    new ResizeObserver(arrange).observe($("photos"));
    listen();
    follow();
  } catch (error) {
    $("message").textContent = `The photos could not be loaded (${error.message}).`;
  }
}

start();
