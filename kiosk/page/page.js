// Shows the kiosk's frames, sends touches back, and keeps the screen's words where a reader finds them.
"use strict";

const screen = document.getElementById("screen");
const glass = screen.getContext("2d", { alpha: false });
// By then a browser has drawn what it was given.
const DRAWN_MS = 20;
const lampWords = {
  "off": "灭 Off",
  "amber": "黄灯 Amber",
  "amber-blinking": "黄灯闪 Amber, blinking",
  "green": "绿灯 Green",
};

const road = new Worker("/road.js");
let asked = 0;
function send(path, body) {
  asked += 1;
  // Whoever looks at the page knows whether the kiosk has answered.
  screen.dataset.asked = String(asked);
  road.postMessage({ number: asked, path, body });
}

function touch(kind, event) {
  const place = screen.getBoundingClientRect();
  return {
    kind,
    x: Math.floor((event.clientX - place.left) * screen.width / place.width),
    y: Math.floor((event.clientY - place.top) * screen.height / place.height),
  };
}

let down = false;
screen.addEventListener("pointerdown", (event) => {
  down = true;
  screen.setPointerCapture(event.pointerId);
  send("/touch", touch("down", event));
});
screen.addEventListener("pointermove", (event) => { if (down) send("/touch", touch("move", event)); });
screen.addEventListener("pointerup", (event) => { down = false; send("/touch", touch("up", event)); });
screen.addEventListener("pointercancel", (event) => { down = false; send("/touch", touch("cancel", event)); });

// The five keys of the case, on a keyboard.
const keys = { ArrowUp: "up", ArrowDown: "down", Enter: "select", Escape: "back", F1: "read" };
document.addEventListener("keydown", (event) => {
  const key = keys[event.key];
  if (!key || event.target instanceof HTMLButtonElement || event.target instanceof HTMLInputElement) return;
  event.preventDefault();
  send("/key", { key });
});
document.getElementById("button").addEventListener("click", () => send("/button"));

// The sensor and the scanner of the case.
document.getElementById("there").addEventListener("change", (event) => send("/motion", { is_there: event.target.checked }));
document.getElementById("scan").addEventListener("submit", (event) => {
  event.preventDefault();
  const number = event.target.elements.number;
  const read = number.value.trim();
  // Whoever types what stands beside a code types it in groups; the code for enrolling has letters.
  send("/scan", { number: /[A-Za-z]/.test(read) ? read : read.replaceAll(/\D/g, "") });
  number.value = "";
});

async function showWords() {
  const view = await (await fetch("/view")).json();
  const words = document.getElementById("words");
  words.replaceChildren(...view.words.map((line) => {
    const paragraph = document.createElement("p");
    paragraph.textContent = line;
    return paragraph;
  }));
  // Seen from the door: a dimmed screen on a desk must still be readable.
  screen.style.opacity = String(0.4 + 0.6 * view.light / 100);
  const targets = document.getElementById("targets");
  targets.replaceChildren(...view.targets.map((target) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = target.text || target.name;
    button.addEventListener("click", () => {
      const middle = { x: target.x + Math.floor(target.width / 2), y: target.y + Math.floor(target.height / 2) };
      send("/touch", { kind: "down", ...middle });
      send("/touch", { kind: "up", ...middle });
    });
    return button;
  }));
}

async function showLamp() {
  const { lamp } = await (await fetch("/lamp")).json();
  document.getElementById("lamp").className = `lamp ${lamp}`;
  document.getElementById("lamp-words").textContent = lampWords[lamp];
}

function showFrame({ pixels, frame, left, top, width, isWhole }) {
  if (pixels.byteLength > 0) {
    const part = new ImageData(new Uint8ClampedArray(pixels), width);
    if (isWhole && (screen.width !== part.width || screen.height !== part.height)) {
      screen.width = part.width;
      screen.height = part.height;
    }
    glass.putImageData(part, left, top);
  }
  // Whoever looks at the page knows what it shows.
  screen.dataset.frame = String(frame);
  showRest();
}

// Words and lamp come behind the picture, and never before it is drawn: of those that are late the last is shown.
let rest = null;
function showRest() {
  if (rest) {
    rest.isLate = true;
    return;
  }
  const mine = { isLate: false };
  rest = mine;
  const later = new Promise((wake) => setTimeout(wake, DRAWN_MS));
  later.then(() => Promise.all([showWords(), showLamp()])).catch(() => {}).then(() => {
    rest = null;
    if (mine.isLate) showRest();
  });
}

road.addEventListener("message", ({ data: told }) => {
  if (told?.answered) {
    screen.dataset.answered = String(told.answered);
    return;
  }
  document.getElementById("lost").hidden = told !== null;
  if (told) showFrame(told);
});
