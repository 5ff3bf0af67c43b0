// The integrator's front end: it starts a flow at its back end, gives the steps to the authenticator,
// and shows what came of it.

import * as backEnd from "./back-end.js";
import * as keyStore from "./key-store.js";
import { AuthenticatorBuilder, isMobileWeb, sim } from "./prove-auth.js";
import { clear, customerPossession, steps } from "./steps.js";
import {
  Timeline, element, short, showDecision, showFailure, showOutcome, showRegistrations, showStorage,
  time,
} from "./views.js";
import { WireError } from "./wire.js";

const $ = (id) => document.getElementById(id);
const { buildConfig, publicApiKey } = document.body.dataset;
const timeline = new Timeline($("timeline"));
let people = [];
let last = null;
let isBusy = false;
/** How far the sandbox's clock is ahead of this browser's, in milliseconds. */
let ahead = 0;

// MARK: What is chosen

const person = () => people.find((one) => one.phoneNumber === $("person").value);
const channel = () => document.querySelector("input[name=channel]:checked").value;
const sandboxNow = () => new Date(Date.now() + ahead).toISOString();

function storedDeviceId(lastView) {
  const choice = $("stored").value;
  return choice === "kept" ? lastView?.keptDeviceId ?? undefined : choice || undefined;
}

/** A flow as the form has it. */
function chosen() {
  return {
    person: person(),
    possessionType: channel(),
    sendsNumber: $("sends-number").checked,
    deviceContext: $("device-context").checked,
    deviceId: storedDeviceId(latest),
    rebind: $("rebind").checked,
    allowOTPRetry: $("otp-retry").checked,
    checkReputation: $("reputation").checked,
    hasSim: $("has-sim").checked,
  };
}

// MARK: A flow

/** Runs a flow and shows how it ended. */
async function walk(title, flow) {
  await busily(async () => {
    last = flow;
    $("outcome").hidden = true;
    $("result").replaceChildren();
    note("page", `${title}: ${flow.person.name}, ${flow.possessionType}${flow.rebind ? ", rebind" : ""}`);
    try {
      const status = await run(flow);
      showOutcome($("result"), status);
      note("back end", `unify-status says success=${status.success}`);
    } catch (error) {
      const failure = error instanceof WireError ? error : new WireError("unexpected", String(error));
      showFailure($("result"), failure);
      note("page", `The flow ended without an outcome: ${failure.reason}`);
    } finally {
      clear();
    }
    $("outcome").hidden = false;
    await refresh();
    $("outcome-title").focus();
    say($("result").textContent);
  });
}

async function run(flow) {
  // A browser without cookies is told so before anything else is asked of it.
  const started = await backEnd.authStart({
    possessionType: flow.possessionType,
    ...(flow.sendsNumber ? { phoneNumber: flow.person.phoneNumber } : {}),
    ...(flow.deviceId ? { deviceId: flow.deviceId } : {}),
    rebind: flow.rebind, allowOTPRetry: flow.allowOTPRetry, checkReputation: flow.checkReputation,
  });
  note("back end", "AuthStart: unify gave an authToken");
  if (flow.person.passesWithoutClient) {
    note("page", "This user passes without the client: straight to AuthFinish");
    return backEnd.authFinish({ flow: started.flow });
  }
  const obstacle = keyStore.obstacle();
  if (obstacle) throw obstacle;
  sim.number = flow.hasSim && flow.person.hasMobileAuth ? flow.person.phoneNumber : null;

  let status;
  let failure;
  const verify = async ({ authId }) => {
    // The flow is over here; what the back end says of it is the outcome, its error included.
    try {
      status = await backEnd.authFinish({ authId, flow: started.flow });
    } catch (error) {
      failure = error;
    }
  };
  await authenticator(flow, verify).authenticate(started.authToken);
  if (failure) throw failure;
  if (status.success !== "possession_required") return status;
  showOutcome($("result"), status);
  note("back end", "unify-status says possession_required");
  const phoneNumber = await customerPossession(flow.person.phoneNumber);
  return backEnd.bind({ flow: started.flow, phoneNumber });
}

/** Set up as the guide does it. */
function authenticator(flow, verify) {
  const { otpStart, otpFinish, linkStart, linkRetry } = steps(
    () => flow.sendsNumber || flow.person.hasMobileAuth ? flow.person.phoneNumber : null);
  let builder = new AuthenticatorBuilder()
    .withBuildConfig(buildConfig)
    .withObserver(observe)
    .withAuthFinishStep(verify);
  if (flow.possessionType === "desktop") {
    builder = builder.withInstantLinkFallback(linkStart, linkRetry).withRole("secondary");
  } else {
    builder = builder.withOtpFallback(otpStart, otpFinish);
    if (flow.hasSim && flow.person.hasMobileAuth) {
      builder = builder.withMobileAuthImplementation("fetch");
    }
  }
  if (flow.deviceContext) {
    builder = builder.withDeviceContext({
      publicApiKey, buildConfig,
      collect: () => backEnd.collect(publicApiKey, $("visitor").value),
    });
  }
  return builder.build();
}

const stepWords = {
  presentKey: "The server asks for the key",
  presentAnotherKey: "The server does not know that key and asks for another",
  mobileAuth: "The server asks the carrier",
  startOTP: "The server asks to send a code",
  finishOTP: "A code was sent",
  startInstantLink: "The server asks to send a link",
  awaitInstantLink: "A link was sent; the WebSocket waits",
  offerKey: "The server asks for a new key",
  finished: "The flow is over",
};

const replyWords = {
  mobileAuth: "The carrier was asked",
  consent: "The person agrees to the SMS",
  code: "The person entered a code",
  resend: "The person asks for another SMS",
  changeNumber: "The person wants another number",
  offered: "The browser made a key and offers its public half",
  cancelled: "The person gave up",
};

let isWaitingForLink = false;
function observe({ step, reply }) {
  if (step) {
    const isRepeated = step.type === "awaitInstantLink" && isWaitingForLink;
    isWaitingForLink = step.type === "awaitInstantLink";
    if (isRepeated) return;
    clear();
    note("server", stepWords[step.type] + (step.error ? ` (${step.error})` : ""));
  } else if (reply.type === "presented") {
    note("browser", reply.assertion ? "The browser signs with its key" : "The browser has no key");
  } else {
    note("browser", replyWords[reply.type]);
  }
}

// MARK: What is shown

let latest = null;

let looks = 0;

/** Reads storage and registry anew; of several at once the last counts. */
async function refresh() {
  const look = ++looks;
  $("decision").setAttribute("aria-busy", "true");
  try {
    await show(() => look === looks);
  } finally {
    if (look === looks) $("decision").removeAttribute("aria-busy");
  }
}

async function show(isLatest) {
  let contents = { localStorage: null, keys: null };
  try {
    contents = await keyStore.contents();
  } catch {
    // Shown as withheld.
  }
  const presented = contents.keys?.find((key) => key.state === "placed")?.deviceId
    ?? contents.keys?.[0]?.deviceId;
  const flow = chosen();
  let view;
  try {
    view = await backEnd.view({
      possessionType: flow.possessionType,
      ...(flow.sendsNumber ? { phoneNumber: flow.person.phoneNumber } : {}),
      ...(flow.deviceId ? { deviceId: flow.deviceId } : {}),
      rebind: flow.rebind,
      ...($("visitor").value ? { visitorId: $("visitor").value } : {}),
      usesDeviceContext: flow.deviceContext,
      ...(presented ? { presentedDeviceId: presented } : {}),
    });
  } catch (error) {
    if (isLatest()) warn(`The registry's view could not be read: ${error.reason}`);
    return;
  }
  if (!isLatest()) return;
  latest = view;
  ahead = Date.parse(latest.now) - Date.now();
  $("now").textContent = `${time(latest.now)} UTC`;
  showDecision($("decision"), latest.decision, Boolean(flow.deviceId));
  showRegistrations($("registrations"), latest);
  showStorage($("storage"), contents, latest);
  timeline.merge(latest.events);
  offerStored();
  const hasKey = Boolean(presented);
  enable("again", last !== null);
  enable("evict", hasKey || Boolean(contents.localStorage && Object.values(contents.localStorage)[0]));
  enable("recover-stored", !hasKey && Boolean(latest.keptDeviceId));
  enable("recover", !hasKey);
  enable("revoke", Boolean(presented ?? latest.keptDeviceId));
  enable("change-number", hasKey);
}

/** The stored deviceIds to choose from; the choice stays where it can. */
function offerStored() {
  const choice = $("stored").value;
  const options = [
    ["", "none"],
    ["kept", latest.keptDeviceId
      ? `the back end's: ${short(latest.keptDeviceId)}` : "the back end's (none yet)"],
    ...latest.registrations.map((entry) => [
      entry.deviceId, `${short(entry.deviceId)}, ${entry.state}`]),
  ];
  $("stored").replaceChildren(...options.map(([value, label]) =>
    element("option", { value }, label)));
  if (options.some(([value]) => value === choice)) $("stored").value = choice;
}

function enable(id, isEnabled) {
  $(id).disabled = isBusy || !isEnabled;
}

function note(who, text) {
  timeline.add(sandboxNow(), who, text);
}

function say(text) {
  $("status").textContent = text;
}

function warn(text) {
  $("notice").textContent = text;
  $("notice").hidden = false;
}

/** One thing at a time: the controls are off while it runs. */
async function busily(body) {
  if (isBusy) return;
  isBusy = true;
  document.body.setAttribute("aria-busy", "true");
  const controls = [...document.querySelectorAll("#setup button, .life button, #change button")];
  for (const control of controls) control.disabled = true;
  try {
    await body();
  } catch (error) {
    warn(`${error.reason ?? "unexpected"}: ${error.message}`);
  } finally {
    isBusy = false;
    for (const control of controls) control.disabled = false;
    await refresh();
    document.body.removeAttribute("aria-busy");
  }
}

// MARK: Buttons

function on(id, event, body) {
  $(id).addEventListener(event, (happening) => {
    happening.preventDefault();
    body();
  });
}

on("setup", "submit", () => walk("Authenticate", chosen()));
on("again", "click", () => walk("Again", { ...last, rebind: false, deviceId: undefined }));
on("recover-stored", "click", () => walk("Recover with the stored deviceId", {
  ...chosen(), deviceContext: true, rebind: false, deviceId: latest.keptDeviceId,
}));
on("recover", "click", () => walk("Recover without a stored deviceId", {
  ...chosen(), deviceContext: true, rebind: false, deviceId: undefined,
}));
on("change", "submit", () => {
  const next = people.find((one) => one.phoneNumber === $("new-person").value);
  $("person").value = next.phoneNumber;
  describePerson();
  return walk("Change number and rebind", {
    ...chosen(), person: next, sendsNumber: true, rebind: true, deviceId: undefined,
  });
});
on("evict", "click", () => busily(async () => {
  await keyStore.evict();
  note("browser", "localStorage and IndexedDB were deleted; the server's cookies stay");
  say("The browser's storage was deleted.");
}));
on("revoke", "click", () => busily(async () => {
  const { current } = await keyStore.keys();
  const deviceId = current?.deviceId ?? latest.keptDeviceId;
  await backEnd.revoke(deviceId);
  note("back end", `The key ${short(deviceId)} was revoked`);
  say("The key was revoked.");
}));
on("twelve-months", "click", () => busily(async () => {
  const { now } = await backEnd.advance(12);
  ahead = Date.parse(now) - Date.now();
  note("page", "Twelve months passed");
  say("Twelve months passed.");
}));

function describePerson() {
  const one = person();
  const ways = one.passesWithoutClient ? "Passes without the client; no key is made."
    : one.hasMobileAuth ? `Has Mobile Auth; enters ${one.entersCode}.`
      : `Enters ${one.entersCode}.`;
  $("person-hint").textContent = ways;
}

for (const id of ["person", "channel", "sends-number", "device-context", "rebind", "visitor", "stored"]) {
  $(id).addEventListener("change", () => {
    describePerson();
    if (!isBusy) refresh();
  });
}

// MARK: Beginning

async function begin() {
  people = await backEnd.users();
  for (const id of ["person", "new-person"]) {
    $(id).replaceChildren(...people.map((one) =>
      element("option", { value: one.phoneNumber }, `${one.name}, ${one.phoneNumber}`)));
  }
  $("new-person").value = people[2].phoneNumber;
  describePerson();
  document.querySelector(
    `input[name=channel][value=${isMobileWeb() ? "mobile" : "desktop"}]`).checked = true;
  const obstacle = keyStore.obstacle();
  const named = new URLSearchParams(location.search).get("visitor");
  $("visitor").value = named ?? (obstacle ? "" : await backEnd.fingerprint());
  if (obstacle) warn(`${obstacle.reason}: ${obstacle.message}`);
  await refresh();
  // navigator.cookieEnabled is not to be relied on: the server knows what it was sent.
  if (!obstacle && latest?.sendsCookies === false) {
    warn("cookiesDisabled: AuthStart and AuthFinish need cookies, and this browser sends none");
  }
  document.body.dataset.ready = "true";
}

begin().catch((error) => warn(`The page could not begin: ${error.message}`));
