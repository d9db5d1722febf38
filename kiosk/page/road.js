// The road between the page and the kiosk: frames come, touches go. It is a worker, because while a finger is on the
// glass a browser puts off what the page itself fetches or sends, by up to a tenth of a second.
"use strict";

// A frame comes as runs of equal pixels: red, green and blue from the lowest byte on, and above them how many more follow.
function unpack(runs, count) {
  const pixels = new Uint32Array(count);
  let at = 0;
  for (const run of runs) {
    const pixel = run | 0xff000000, end = at + (run >>> 24) + 1;
    while (at < end) pixels[at++] = pixel;
  }
  return pixels.buffer;
}

async function next(since) {
  const answer = await fetch(`/changes?since=${since}`);
  if (!answer.ok) throw new Error(`changes: ${answer.status}`);
  if (answer.status === 204) return since;
  const runs = new Uint32Array(await answer.arrayBuffer());
  const names = ["x-frame", "x-left", "x-top", "x-width", "x-height"];
  const [frame, left, top, width, height] = names.map((name) => Number(answer.headers.get(name)));
  const pixels = unpack(runs, width * height);
  postMessage({ pixels, frame, left, top, width, isWhole: since === 0 }, [pixels]);
  return frame;
}

async function look() {
  let since = 0;
  for (;;) {
    try {
      since = await next(since);
    } catch {
      postMessage(null);
      since = 0;
      await new Promise((wake) => setTimeout(wake, 1000));
    }
  }
}

// One goes after the other, or an "up" could overtake its "down". The page is told which was answered.
let sending = Promise.resolve();
function send(take) {
  sending = sending.then(async () => {
    const { number, path, body } = take();
    const json = body && { headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
    await fetch(path, { method: "POST", ...json }).catch(() => {});
    postMessage({ answered: number });
  });
}

// A hand moves faster than answers come: of the moves that wait, the last is sent, so what is drawn never lags behind.
let move = null;
function takeMove() {
  const last = move;
  move = null;
  return last;
}

addEventListener("message", ({ data: told }) => {
  if (told.body?.kind !== "move") {
    send(() => told);
  } else {
    const isWaiting = move !== null;
    move = told;
    if (!isWaiting) send(takeMove);
  }
});
look();
