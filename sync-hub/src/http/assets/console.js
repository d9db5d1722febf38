// Keys, and news without a reload. Every page works without this file; it never changes what is being typed.
"use strict";

const one = (selector, under = document) => under.querySelector(selector);
const all = (selector, under = document) => [...under.querySelectorAll(selector)];
const NEWS_MS = 20000; // as long as the mark of a new row takes to fade
const LIST = "huiyin-list"; // in this tab: the address of the list last seen, and the opinions on it

/* ---- news ------------------------------------------------------------------------------------------------------- */

const listeners = { changed: [], devices: [] };
let source = null;

function tellLive(isOn) {
  const live = one("#live");
  if (!live) return;
  live.dataset.state = isOn ? "on" : "off";
  all("[data-say]", live).forEach((word) => { word.hidden = (word.dataset.say === "on") !== isOn; });
}

// A browser keeps only six roads to one place, so a page that nobody sees gives its road back.
function listen() {
  if (document.hidden) { source?.close(); source = null; return; }
  if (source) return;
  source = new EventSource("/events");
  source.onopen = () => tellLive(true);
  source.onerror = () => {
    tellLive(false);
    if (source?.readyState === EventSource.CLOSED) { source = null; setTimeout(listen, 2000); }
  };
  for (const kind of Object.keys(listeners)) {
    source.addEventListener(kind, (event) => listeners[kind].forEach((hear) => hear(event)));
  }
}

// Fetches one after another: while one is on its way, later news is fetched once, after it.
function latest(fetchIt) {
  let isBusy = false, isDue = false;
  return async function again() {
    if (isBusy) { isDue = true; return; }
    isBusy = true;
    try { await fetchIt(); } catch { tellLive(false); }
    isBusy = false;
    if (isDue) { isDue = false; again(); }
  };
}

async function pageAt(address) {
  const answer = await fetch(address, { headers: { accept: "text/html" }, cache: "no-store" });
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

listeners.devices.push((event) => {
  const badge = one("#waiting-count");
  const { waiting } = JSON.parse(event.data);
  if (badge) { badge.textContent = waiting; badge.hidden = waiting === 0; }
});

/* ---- ledger ----------------------------------------------------------------------------------------------------- */

const rows = () => all("#rows tr");
const here = () => one("#rows tr.here");

function choose(row, isScrolling = true) {
  here()?.classList.remove("here");
  if (!row) return;
  row.classList.add("here");
  if (isScrolling) row.scrollIntoView({ block: "nearest" });
}

function remember() {
  const ids = rows().map((row) => row.dataset.id);
  sessionStorage.setItem(LIST, JSON.stringify({ address: location.pathname + location.search, ids, at: here()?.dataset.id }));
}

function remembered() {
  try { return JSON.parse(sessionStorage.getItem(LIST)) ?? {}; } catch { return {}; }
}

function startLedger(list) {
  const form = one("#filters");

  // Puts fresh rows in. A row that is new or differs flashes; a row that is the same is left alone, and the row under the
  // eye stays where it is.
  function swap(fresh, isNews) {
    const anchor = scrollY > 0 ? rows().find((row) => row.getBoundingClientRect().bottom > 0) : null;
    const before = anchor?.getBoundingClientRect().top;
    swapParts(fresh);
    swapRows(all("#rows tr", fresh), isNews);
    const after = anchor && rows().find((row) => row.dataset.id === anchor.dataset.id);
    if (isNews && after) scrollBy(0, after.getBoundingClientRect().top - before);
    remember();
  }

  function swapParts(fresh) {
    for (const id of ["tabs", "as-of", "nothing", "pager"]) {
      const old = one(`#${id}`), next = one(`#${id}`, fresh);
      if (old?.innerHTML === next?.innerHTML && Boolean(old) === Boolean(next)) continue;
      const focused = old?.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
      if (!old) one("#opinions").after(next);
      else if (next) old.replaceWith(next);
      else old.remove();
      if (focused !== null) all("a", next ?? list).find((link) => link.getAttribute("href") === focused)?.focus();
    }
  }

  function swapRows(fresh, isNews) {
    const body = one("#rows");
    const known = new Map(rows().map((row) => [row.dataset.id, row]));
    let place = body.firstElementChild;
    for (const next of fresh) {
      const old = known.get(next.dataset.id);
      const isSame = old?.innerHTML === next.innerHTML;
      const row = isSame ? old : next;
      if (!isSame) {
        if (old?.classList.contains("here")) row.classList.add("here");
        if (isNews) flash(row);
      }
      if (row === place) { place = place.nextElementSibling; continue; }
      body.insertBefore(row, place);
      if (!isSame && old) {
        if (old === place) place = place.nextElementSibling;
        old.remove();
      }
    }
    while (place) {
      const gone = place;
      place = place.nextElementSibling;
      gone.remove();
    }
  }

  function flash(row) {
    row.classList.add("news");
    setTimeout(() => row.classList.remove("news"), NEWS_MS);
  }

  let isNews = true;
  const refresh = latest(async () => {
    const was = isNews;
    isNews = true;
    swap(await pageAt(list.dataset.rowsFrom + location.search), was);
  });
  listeners.changed.push(refresh);
  listeners.devices.push(refresh);

  // What is chosen in the filters is in the address, so that it can be kept and sent.
  let typing = 0;
  function filter() {
    const asked = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (value !== "") asked.set(name, value);
    history.replaceState(null, "", asked.size ? `/?${asked}` : "/");
    isNews = false;
    refresh();
  }
  form.addEventListener("change", (event) => { if (event.target.id !== "search") filter(); });
  form.addEventListener("input", (event) => {
    if (event.target.id !== "search") return;
    clearTimeout(typing);
    typing = setTimeout(filter, 250);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(typing);
    filter();
    document.activeElement?.blur();
  });
  list.addEventListener("click", (event) => {
    const row = event.target.closest("#rows tr");
    if (!row || event.target.closest("a") || String(getSelection())) return;
    choose(row, false);
    remember();
    one("a", row).click();
  });
  addEventListener("pagehide", remember);
  const last = remembered();
  if (last.address === location.pathname + location.search) choose(rows().find((row) => row.dataset.id === last.at));
  remember();
}

function moveInLedger(by) {
  const list = rows();
  const at = list.indexOf(here());
  choose(list[at < 0 ? (by > 0 ? 0 : list.length - 1) : Math.min(Math.max(at + by, 0), list.length - 1)]);
  remember();
}

/* ---- opinion ---------------------------------------------------------------------------------------------------- */

function startOpinion(opinion) {
  const refresh = latest(async () => {
    const fresh = await pageAt(`/opinion/${opinion.dataset.id}/live`);
    one("#slip").replaceWith(one("#slip", fresh));
    if (one("#opinion", fresh).dataset.seen !== opinion.dataset.seen) one("#changed").hidden = false;
  });
  listeners.changed.push(refresh);
  opinion.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-open-act]");
    if (opener) { event.preventDefault(); openAct(one(opener.getAttribute("href"))); }
  });
  const back = one("[data-back]");
  if (back && remembered().address) back.href = remembered().address;
  if (new URLSearchParams(location.search).has("done")) history.replaceState(null, "", location.pathname);
  one("details.act[open] .refusal")?.scrollIntoView({ block: "center" });
}

function openAct(details) {
  if (!details) return;
  details.open = true;
  details.scrollIntoView({ block: "nearest" });
  one("select, textarea, input:not([type=hidden])", details)?.focus();
}

function moveToNeighbour(opinion, by) {
  const list = remembered();
  const next = list.ids?.[list.ids.indexOf(opinion.dataset.id) + by];
  if (!list.ids?.includes(opinion.dataset.id) || !next) return;
  sessionStorage.setItem(LIST, JSON.stringify({ ...list, at: next }));
  location.assign(`/opinion/${next}`);
}

/* ---- details ---------------------------------------------------------------------------------------------------- */

// What was opened leaves the page when its time is over; what somebody types beside it stays.
function startOpened(opened) {
  setTimeout(() => {
    all("audio", opened).forEach((sound) => { sound.pause(); sound.removeAttribute("src"); sound.load(); });
    all(".detail > :not(form)", opened).forEach((shown) => shown.remove());
    one("#opened-over").hidden = false;
  }, Number(opened.dataset.seconds) * 1000);
  for (const button of all("[data-copy]", opened)) {
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", () => navigator.clipboard.writeText(one("[data-copy-from]", button.parentElement).textContent));
  }
}

/* ---- devices ---------------------------------------------------------------------------------------------------- */

// A part that somebody works in stays as it is until they are done.
const isInUse = (part) => part.contains(document.activeElement) || one("details[open]", part) !== null;

function startDevices() {
  const refresh = latest(async () => {
    const fresh = await pageAt(`/devices${location.search}`);
    for (const part of all("[data-live]")) {
      const next = one(`#${part.id}`, fresh);
      if (next && !isInUse(part)) part.replaceWith(next);
    }
  });
  listeners.devices.push(refresh);
  listeners.changed.push(refresh);
}

/* ---- keys ------------------------------------------------------------------------------------------------------- */

function back(opinion) {
  const active = document.activeElement;
  if (active?.matches("input, textarea, select")) { active.blur(); return; }
  const open = all("details.act[open]");
  if (open.length > 0) { open.forEach((details) => { details.open = false; }); return; }
  if (opinion) location.assign(remembered().address ?? "/");
  else choose(null);
}

function startKeys() {
  const opinion = one("#opinion"), list = one("#list"), help = one("#keys");
  one("#show-keys").addEventListener("click", () => help.showModal());
  const move = (by) => { if (list) moveInLedger(by); else if (opinion) moveToNeighbour(opinion, by); };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || help.open || event.isComposing) return;
    if (event.key === "Escape") { back(opinion); return; }
    if (event.target.matches("input:not([type=checkbox]), textarea, select")) {
      if (list && event.key === "ArrowDown" && event.target.id === "search") { event.target.blur(); moveInLedger(1); event.preventDefault(); }
      return;
    }
    const isOnControl = event.target.matches("a, button, summary");
    const done = () => event.preventDefault();
    switch (event.key) {
      case "j": move(1); return done();
      case "k": move(-1); return done();
      case "ArrowDown": if (list) { move(1); done(); } return;
      case "ArrowUp": if (list) { move(-1); done(); } return;
      case "Enter": if (list && here() && !isOnControl) { one("a", here()).click(); done(); } return;
      case "/": if (list) { one("#search").select(); one("#search").focus(); } else location.assign("/"); return done();
      case "[": one("#pager [rel=prev]")?.click(); return;
      case "]": one("#pager [rel=next]")?.click(); return;
      case "o": one("#alone")?.click(); return;
      case "g": location.assign("/"); return;
      case "r": location.assign("/results"); return;
      case "d": location.assign("/devices"); return;
      case "?": help.showModal(); return done();
    }
    if (opinion && /^[1-9]$/.test(event.key)) { openAct(all("#acts details.act")[Number(event.key) - 1]); done(); }
  });
}

if (one("#list")) startLedger(one("#list"));
if (one("#opinion")) startOpinion(one("#opinion"));
if (one("#opened")) startOpened(one("#opened"));
if (one("#fleet")) startDevices();
startKeys();
document.addEventListener("visibilitychange", listen);
addEventListener("pageshow", listen);
addEventListener("pagehide", () => { source?.close(); source = null; });
listen();
