// Pages that renew themselves, and a form whose draft is kept. Everything works without this file, only less smoothly.
"use strict";

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** Takes the live parts of this page anew; what is being typed is in none of them. */
async function renew() {
  const response = await fetch(location.href);
  if (!response.ok) return;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
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
let waiting = 0;

async function keepDraft() {
  clearTimeout(waiting);
  waiting = 0;
  const form = document.getElementById("visit");
  const state = document.getElementById("draft-state");
  if (!form) return;
  let kept = false;
  try {
    kept = (await fetch("/visit/draft", { method: "POST", body: draftOf(form), keepalive: true })).ok;
  } catch {
    // Said below.
  }
  if (state) {
    state.textContent = kept ? state.dataset.kept : state.dataset.lost;
    state.classList.toggle("bad", !kept);
  }
}

/** An opinion more or less, without leaving the page. */
async function reshape(form, button) {
  const body = new URLSearchParams();
  for (const [name, value] of new FormData(form)) body.append(name, value);
  body.append(button.name, button.value);
  const response = await fetch(form.getAttribute("action"), { method: "POST", body });
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const fresh = page.getElementById("visit");
  if (!fresh) return;
  form.replaceWith(document.adoptNode(fresh));
  const begin = fresh.querySelector("[autofocus]");
  if (begin) {
    begin.focus({ preventScroll: true });
    begin.closest("fieldset").scrollIntoView({ behavior: "smooth", block: "start" });
  }
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

document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (event.target.id === "visit" && button && button.name === "do" && button.value !== "save") {
    event.preventDefault();
    reshape(event.target, button).catch(() => {
      const gone = document.getElementById("gone");
      if (gone) gone.hidden = false;
    });
    return;
  }
  clearTimeout(waiting);
  waiting = 0;
});

follow();
