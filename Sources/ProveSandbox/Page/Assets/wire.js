// JSON over HTTP, and the bytes of an assertion: docs/device-protocol.md.

/** What went wrong, by name: a reason of the flow's, or one of this browser's. */
export class WireError extends Error {
  constructor(reason, message, { code, status } = {}) {
    super(message ?? reason);
    this.name = "WireError";
    this.reason = reason;
    this.code = code;
    this.status = status;
  }
}

/** Sends JSON and gives the JSON that comes back; cookies go with it only where they are asked for. */
export async function post(path, body, { credentials = "omit" } = {}) {
  return answer(
    await reach(path, {
      method: "POST",
      credentials,
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    }),
  );
}

export async function get(path, { credentials = "omit" } = {}) {
  return answer(await reach(path, { credentials }));
}

async function reach(path, options) {
  try {
    return await fetch(path, { cache: "no-store", ...options });
  } catch {
    throw new WireError("connectionLost", "the server could not be reached");
  }
}

async function answer(response) {
  let body = {};
  try {
    body = await response.json();
  } catch {
    // What is not JSON has nothing to say beyond its status.
  }
  if (response.ok) return body;
  throw new WireError(
    body.reason ?? (body.code === 8019 ? "revoked" : `code ${body.code ?? response.status}`),
    body.message, { code: body.code, status: response.status });
}

export function toBase64URL(bytes) {
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

export function fromBase64URL(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}

const label = new TextEncoder().encode("prove-key-assertion-v1");

/** What a browser's key signs: it has neither a counter nor a vault. */
export function signedBytes(challenge, deviceId) {
  return joined(block(label), block(challenge), fields(deviceId));
}

/** An assertion's wire form, version 1. */
export function assertion(deviceId, signature) {
  return joined(Uint8Array.of(1), fields(deviceId), signature);
}

function fields(deviceId) {
  return joined(block(new TextEncoder().encode(deviceId)), Uint8Array.of(0, 0));
}

function block(bytes) {
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, bytes.length);
  return joined(length, bytes);
}

function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
