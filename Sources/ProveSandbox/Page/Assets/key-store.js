// The browser's Prove Key: a P-256 key that WebCrypto does not give out, in IndexedDB; the deviceId
// in localStorage. A browser may delete both.

import { WireError, assertion, fromBase64URL, signedBytes, toBase64URL } from "./wire.js";

const databaseName = "prove-auth";
const deviceIdName = "prove-auth.deviceId";
const algorithm = { name: "ECDSA", namedCurve: "P-256" };

/** Why this browser cannot hold a key; nothing when it can. */
export function obstacle() {
  if (!globalThis.isSecureContext || !globalThis.crypto?.subtle) {
    return new WireError("insecureContext", "keys need https, or a page of this very machine");
  }
  return null;
}

/** The key that counts, and one whose enrolment was cut off: `{current, pending}`. */
export async function keys() {
  const all = await read((store) => store.getAll());
  const current = all.find((key) => key.slot === "current");
  // localStorage alone may have been lost.
  if (current) storage()?.setItem(deviceIdName, current.deviceId);
  return { current, pending: all.find((key) => key.slot === "pending") };
}

/** What the browser stores, as the page shows it. */
export async function contents() {
  const local = storage();
  const database = await readIfThere((store) => store.getAll());
  return {
    localStorage: local === null ? null : { [deviceIdName]: local.getItem(deviceIdName) },
    keys: database?.map((key) => ({
      deviceId: key.deviceId,
      state: key.state,
      algorithm: `${key.privateKey.algorithm.name} ${key.privateKey.algorithm.namedCurve}`,
      extractable: key.privateKey.extractable,
      createdAt: key.createdAt,
    })) ?? null,
  };
}

/** Makes a key and keeps it before any server hears of it; one left over is replaced. */
export async function place(deviceId = crypto.randomUUID()) {
  const pair = await crypto.subtle.generateKey(algorithm, false, ["sign", "verify"]);
  const publicKey = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  // A key under the same deviceId stays until the server says that this one took its place.
  const key = {
    slot: "pending", deviceId, state: "pending", privateKey: pair.privateKey, publicKey,
    createdAt: new Date().toISOString(),
  };
  await write((store) => store.put(key));
  return key;
}

/** The server knows the pending key: from now on it is the one. */
export async function confirm(key) {
  await write((store) => {
    store.put({ ...key, slot: "current", state: "placed" });
    store.delete("pending");
  });
  storage()?.setItem(deviceIdName, key.deviceId);
}

/** Removes a key; the deviceId goes with the one that counted. */
export async function remove(key) {
  await write((store) => store.delete(key.slot));
  if (key.slot === "current") storage()?.removeItem(deviceIdName);
}

/** Signs a challenge; the assertion's wire form in base64url. */
export async function sign(key, challenge) {
  const bytes = signedBytes(fromBase64URL(challenge), key.deviceId);
  const signature = await crypto.subtle.sign(
    { name: "ECDSA", hash: "SHA-256" }, key.privateKey, bytes);
  return toBase64URL(assertion(key.deviceId, new Uint8Array(signature)));
}

/** Deletes what scripts may write, as Safari does after seven days; cookies of the server stay. */
export async function evict() {
  storage()?.clear();
  await new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(databaseName);
    request.onsuccess = resolve;
    request.onerror = () => reject(storageError());
    request.onblocked = () => reject(
      new WireError("storageInUse", "another tab of this page holds the storage"));
  });
}

/** localStorage, or nothing where the browser withholds it. */
function storage() {
  try {
    return globalThis.localStorage;
  } catch {
    return null;
  }
}

function storageError() {
  return new WireError("storageBlocked", "the browser gives this page no storage");
}

function open() {
  return new Promise((resolve, reject) => {
    let request;
    try {
      request = indexedDB.open(databaseName, 1);
    } catch {
      reject(storageError());
      return;
    }
    request.onupgradeneeded = () => {
      request.result.createObjectStore("keys", { keyPath: "slot" });
    };
    request.onsuccess = () => {
      // So that another tab may evict while this one has it open.
      request.result.onversionchange = () => request.result.close();
      resolve(request.result);
    };
    request.onerror = () => reject(storageError());
  });
}

async function transact(mode, body) {
  const database = await open();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction("keys", mode, { durability: "strict" });
      const request = body(transaction.objectStore("keys"));
      transaction.oncomplete = () => resolve(request?.result);
      transaction.onabort = () => reject(storageError());
    });
  } finally {
    database.close();
  }
}

const read = (body) => transact("readonly", body);
const write = (body) => transact("readwrite", body);

/** Reads without making the database where there is none. */
async function readIfThere(body) {
  try {
    const names = await indexedDB.databases?.();
    if (names && !names.some((database) => database.name === databaseName)) return [];
    return await read(body);
  } catch {
    return null;
  }
}
