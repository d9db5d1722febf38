// Asks once a second how the county is, and shows it. A switch sends its wish; the next answer shows what came of it.
"use strict";

const cards = [...document.querySelectorAll("[data-key]")];

function show(card, state) {
  card.dataset.road = state.road;
  for (const place of card.querySelectorAll("[data-value]")) {
    place.textContent = state.values[place.dataset.value] ?? "–";
  }
  for (const place of card.querySelectorAll("[data-text]")) {
    const text = state.texts[place.dataset.text];
    place.querySelector(".zh").textContent = text?.zh ?? "";
    place.querySelector(".en").textContent = text?.en ?? "";
  }
  card.querySelector(".mishap").hidden = !state.texts.mishap;
  const open = card.querySelector(".open");
  open.hidden = !state.link;
  if (state.link) open.href = state.link;
  const lamp = card.querySelector(".lamp");
  if (lamp) lamp.dataset.lamp = state.lamp;
  const button = card.querySelector(".switch");
  if (button) button.dataset.wish = state.is_cut ? "mend" : "cut";
}

async function look() {
  try {
    const answer = await fetch("/desk.json");
    const { cards: states, codes } = await answer.json();
    for (const card of cards) show(card, states[card.dataset.key]);
    for (const place of document.querySelectorAll("[data-code]")) place.textContent = codes[place.dataset.code] ?? "–";
    document.body.classList.remove("gone");
  } catch {
    document.body.classList.add("gone");
  }
}

async function lookOn() {
  await look();
  setTimeout(lookOn, 1000);
}

for (const card of cards) {
  card.querySelector(".press")?.addEventListener("click", () => {
    fetch(`/button/${card.dataset.key}`, { method: "POST" }).catch(() => {});
  });
  card.querySelector(".switch")?.addEventListener("click", async (event) => {
    const wish = event.currentTarget.dataset.wish;
    if (!wish) return;
    await fetch(`/road/${card.dataset.key}`, { method: "POST", body: wish }).catch(() => {});
    await look();
  });
}

lookOn();
