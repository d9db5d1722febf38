// Passkeys: asks the browser for a key or for its answer, and sends that as the form around the button. Without this file,
// or where a browser has no passkeys, one signs in by password and digits.
"use strict";

const toHex = (buffer) => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const fromHex = (text) => new Uint8Array(text.match(/../g)?.map((two) => parseInt(two, 16)) ?? []);
// A passkey is for a name, not for a number: an address without one has none.
const isPossible = window.PublicKeyCredential && !/^[\d.]+$|^\[/.test(location.hostname);

async function answerTo(form) {
  const challenge = fromHex(form.dataset.challenge);
  if (form.dataset.passkey === "get") {
    const { rawId, response } = await navigator.credentials.get({ publicKey: { challenge, userVerification: "required" } });
    return { credential: rawId, client_data: response.clientDataJSON, authenticator: response.authenticatorData, signature: response.signature };
  }
  const user = { id: new TextEncoder().encode(form.dataset.login), name: form.dataset.login, displayName: form.dataset.name };
  const { rawId, response } = await navigator.credentials.create({ publicKey: {
    challenge, user, rp: { name: "Huiyin" }, attestation: "none",
    pubKeyCredParams: [-7, -8, -257].map((alg) => ({ type: "public-key", alg })),
    authenticatorSelection: { residentKey: "required", userVerification: "required" },
  } });
  return { credential: rawId, client_data: response.clientDataJSON, authenticator: response.getAuthenticatorData() };
}

for (const hint of document.querySelectorAll("[data-no-passkey]")) hint.hidden = isPossible;
for (const details of document.querySelectorAll("[data-passkey-details]")) details.hidden = !isPossible;
for (const form of document.querySelectorAll("form[data-passkey]")) {
  form.hidden = !isPossible;
  form.addEventListener("submit", async (event) => {
    if (form.dataset.isAnswered) return;
    event.preventDefault();
    try {
      for (const [name, bytes] of Object.entries(await answerTo(form))) form.elements[name].value = toHex(bytes);
      form.dataset.isAnswered = "yes";
      form.requestSubmit();
    } catch {
      form.querySelector("[data-failed]").hidden = false; // cancelled, or no such key here
    }
  });
}
