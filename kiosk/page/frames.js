// Fetches the kiosk's frames for the page. While a finger is on the glass a browser puts off what it fetched for the page
// itself, by up to a tenth of a second; what a worker hands over it takes at once.
"use strict";

async function next(since) {
  const answer = await fetch(`/changes?since=${since}`);
  if (!answer.ok) throw new Error(`changes: ${answer.status}`);
  if (answer.status === 204) return since;
  const pixels = await answer.arrayBuffer();
  const [frame, left, top, width] = ["x-frame", "x-left", "x-top", "x-width"].map((name) => Number(answer.headers.get(name)));
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
look();
