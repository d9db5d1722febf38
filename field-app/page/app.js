// Pages that renew themselves, forms that are sent without losing what is typed beside them, and drafts that are kept.
// Everything works without this file, only less smoothly.
"use strict";

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

function read(page) {
  return new DOMParser().parseFromString(page, "text/html");
}

/** Takes the live parts of this page anew; what is being typed is in none of them. */
async function renew() {
  const response = await fetch(location.href);
  if (!response.ok) return;
  const fresh = read(await response.text());
  for (const part of document.querySelectorAll("[data-live]")) {
    const other = fresh.getElementById(part.id);
    if (other && other.innerHTML !== part.innerHTML) part.replaceWith(document.adoptNode(other));
  }
}

/** Waits for news for as long as the page is open, and says so when the app is gone. */
async function follow() {
  const gone = document.getElementById("gone");
  let seen = "";
  for (;;) {
    try {
      const response = await fetch("/events?seen=" + encodeURIComponent(seen));
      if (!response.ok) throw new Error(String(response.status));
      const news = await response.json();
      if (gone) gone.hidden = true;
      if (news.seen !== seen) {
        seen = news.seen;
        await renew();
        await pause(200);
      }
    } catch {
      if (gone) gone.hidden = false;
      await pause(2000);
    }
  }
}

/** The form of a visit without names and phones: those leave the page only to be sealed. */
function draftOf(form) {
  const draft = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    if (!/^(name|phone)-/.test(name)) draft.append(name, value);
  }
  return draft;
}

const DRAFT_AFTER_MS = 400;
// A request that may outlive its page has at most 64 KiB, by the standard.
const KEEPALIVE_LEN_MAX = 60000;
let waiting = 0;

async function keepDraft() {
  clearTimeout(waiting);
  waiting = 0;
  const form = document.getElementById("visit");
  const state = document.getElementById("draft-state");
  if (!form) return;
  const draft = draftOf(form);
  const keepalive = draft.toString().length < KEEPALIVE_LEN_MAX;
  let kept = false;
  let why = [];
  try {
    const response = await fetch("/visit/draft", { method: "POST", body: draft, keepalive });
    kept = response.ok;
    if (!kept) why = reason(read(await response.text()));
  } catch {
    // Said below.
  }
  // Loaded anew, this window goes on with its own draft, whatever another one keeps.
  if (kept) history.replaceState(null, "", "/visit/new?form=" + encodeURIComponent(draft.get("form")));
  if (state) {
    state.replaceChildren(kept ? state.dataset.kept : state.dataset.lost);
    if (why.length > 0) state.append(document.createElement("br"), ...why);
    state.classList.toggle("bad", !kept);
  }
}

/** Why nothing came of it, as an answer without a form says. */
function reason(page) {
  return [...(page.getElementById("trouble") ?? page.body).childNodes];
}

/** The page that answers a form. What is typed stays as it is until there is an answer, whatever happens on the way. */
async function send(form, button) {
  const refused = document.getElementById("refused");
  refused.hidden = true;
  const body = new URLSearchParams();
  for (const [name, value] of new FormData(form)) body.append(name, value);
  if (button && button.name) body.append(button.name, button.value);
  const response = await fetch(button?.getAttribute("formaction") || form.getAttribute("action"), { method: "POST", body });
  const page = read(await response.text());
  if (page.getElementById("trouble") || !page.querySelector("main")) {
    // A page without the form has nothing to exchange for what is typed here.
    const why = reason(page);
    if (why.length === 0) throw new Error(String(response.status));
    refused.replaceChildren(...why);
    refused.hidden = false;
    refused.scrollIntoView({ block: "center" });
    return;
  }
  const isHere = new URL(response.url).pathname === location.pathname;
  if (response.redirected && !(isHere && form.id && page.getElementById(form.id))) {
    location.assign(response.url);
    return;
  }
  if (response.ok && form.id === "visit") {
    // An opinion more or less changes the form alone.
    exchange(form, page.getElementById("visit"));
    const begin = document.querySelector("#visit [autofocus]");
    begin?.focus({ preventScroll: true });
    begin?.closest("fieldset").scrollIntoView({ behavior: "smooth", block: "start" });
    return;
  }
  const main = document.querySelector("main");
  const fresh = exchange(main, page.querySelector("main"));
  // Into the other forms something may be typed that was not sent.
  for (const other of main.querySelectorAll("form[id]")) {
    if (other !== form) fresh.querySelector("#" + CSS.escape(other.id))?.replaceWith(other);
  }
  scrollTo({ top: 0 });
}

function exchange(old, other) {
  const fresh = document.adoptNode(other);
  old.replaceWith(fresh);
  return fresh;
}

document.addEventListener("input", (event) => {
  if (!event.target.closest("#visit")) return;
  clearTimeout(waiting);
  waiting = setTimeout(keepDraft, DRAFT_AFTER_MS);
});

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden" && waiting) keepDraft();
});

document.addEventListener("keydown", (event) => {
  // "Next" on the keyboard of a phone goes on to the next field.
  if (event.key !== "Enter" || !event.target.matches("#visit input")) return;
  event.preventDefault();
  const fields = [...event.target.form.querySelectorAll("input:not([type=hidden]), select, textarea")];
  fields[fields.indexOf(event.target) + 1]?.focus();
});

let sending = false;

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  event.preventDefault();
  if (sending) return;
  sending = true;
  clearTimeout(waiting);
  waiting = 0;
  try {
    await send(form, event.submitter);
  } catch {
    const gone = document.getElementById("gone");
    if (gone) {
      gone.hidden = false;
      gone.scrollIntoView({ block: "center" });
    }
  } finally {
    sending = false;
  }
});

follow();
