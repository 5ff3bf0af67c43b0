// The integrator's back end. AuthStart and AuthFinish go with credentials: the cookie says which
// browser it is, and holds the deviceId of the last success.

import { get, post } from "./wire.js";

const withCookies = { credentials: "include" };

export const authStart = (data) => post("/page/auth-start", data, withCookies);
export const authFinish = (data) => post("/page/auth-finish", data, withCookies);
export const bind = (data) => post("/page/bind", data, withCookies);
export const revoke = (deviceId) => post("/page/revoke", { deviceId }, withCookies);
export const view = (look) => post("/page/view", look, withCookies);
export const users = () => get("/page/users");
export const time = () => get("/sandbox/clock");
export const advance = (months) => post("/sandbox/clock", { advanceMonths: months });

/** The last SMS to a number. */
export const messages = (phoneNumber) =>
  get(`/outbox.json?phoneNumber=${encodeURIComponent(phoneNumber)}`);

/** The vendor of Device Context: takes the browser's name, gives a word that the server redeems. */
export const collect = async (publicApiKey, visitorId) =>
  (await post("/v1/device/context", { publicApiKey, visitorId })).token;

/** A name for this browser from what it says of itself; survives whatever it deletes. */
export async function fingerprint() {
  const signals = [
    navigator.userAgent, navigator.language, navigator.hardwareConcurrency, screen.width,
    screen.height, screen.colorDepth, Intl.DateTimeFormat().resolvedOptions().timeZone,
  ].join("|");
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(signals));
  return "browser-" + Array.from(new Uint8Array(hash).slice(0, 6), (byte) =>
    byte.toString(16).padStart(2, "0")).join("");
}
