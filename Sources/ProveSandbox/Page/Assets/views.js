// What the page shows. Texts only: nothing that a server or a person said becomes markup.

/** Makes an element; attributes with a hyphen, and `role`, are set as attributes. */
export function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined) continue;
    if (key.includes("-") || key === "role") made.setAttribute(key, value);
    else made[key] = value;
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** A list of names and values; what has no value is left out. */
function facts(pairs) {
  const list = element("dl", { className: "facts" });
  for (const [name, value] of pairs) {
    if (value === null || value === undefined || value === "") continue;
    list.append(element("dt", {}, name), element("dd", {}, value));
  }
  return list;
}

const code = (text) => element("code", {}, text);
const badge = (text, kind) => element("span", { className: `badge ${kind}` }, text);

/** The beginning of an id, enough to tell it from others. */
export const short = (id) => id.slice(0, 8);

/** `2026-11-25T13:00:00.000Z` as people read it. */
export function time(text) {
  return text.slice(0, 19).replace("T", " ");
}

// MARK: Outcome

const outcomeWords = {
  true: ["Authenticated", "good"],
  false: ["Not authenticated", "bad"],
  possession_required: ["Possession required", "open"],
  pending: ["Pending", "open"],
};

export function showOutcome(place, status) {
  const [word, kind] = outcomeWords[status.success];
  const key = status.evaluation?.proveKey;
  const failure = Object.entries(status.evaluation?.authentication?.failureReasons ?? {})[0];
  place.replaceChildren(
    element("p", { className: "verdict" }, badge(word, kind), " ", code(`success=${status.success}`)),
    facts([
      ["Row", key?.row],
      ["Reason", failure ? `${failure[0]}: ${failure[1]}` : key?.reason],
      ["Possession", key?.possession],
      ["phoneNumber", status.phoneNumber],
      ["deviceId", status.deviceId],
      ["proveId", status.proveId],
    ]));
  place.dataset.success = status.success;
  place.dataset.reason = failure?.[0] ?? key?.reason ?? "";
  place.dataset.row = key?.row ?? "";
}

export function showFailure(place, error) {
  place.replaceChildren(
    element("p", { className: "verdict" }, badge(
      error.reason === "cancelled" ? "Given up" : error.code ? "Refused" : "No outcome", "bad"), " ", code(error.reason)),
    element("p", {}, error.message),
    facts([["Code", error.code === undefined ? null : String(error.code)]]));
  place.dataset.success = "";
  place.dataset.reason = error.reason;
  place.dataset.row = "";
}

// MARK: The registry

export function showDecision(place, decision, isStored) {
  place.replaceChildren(
    element("p", { className: "decision" },
      badge(decision.row, decision.outcome === "reject" ? "bad"
        : decision.outcome === "requirePossession" ? "open" : "good"),
      element("span", {}, ` If you authenticate now: ${decision.words}.`)),
    element("p", { className: "hint" }, `The row's words: “${decision.when}”.`,
      isStored ? " A stored deviceId is sent." : ""));
  place.dataset.row = decision.row;
  place.dataset.outcome = decision.outcome;
}

const stateKinds = { bound: "good", placed: "open", unbound: "open", revoked: "bad" };

export function showRegistrations(place, view) {
  if (view.registrations.length === 0) {
    place.replaceChildren(element("li", { className: "empty" },
      "None of this browser, and none of this number."));
    return;
  }
  place.replaceChildren(...view.registrations.map((entry) => {
    const marks = [badge(entry.state, stateKinds[entry.state])];
    if (entry.isInactive) marks.push(badge("inactive", "bad"));
    if (entry.isSuspended) marks.push(badge("suspended", "bad"));
    if (entry.isPresented) marks.push(badge("key in this browser", "plain"));
    if (!entry.isOfThisBrowser) marks.push(badge("no visitor, or another", "plain"));
    if (entry.isCandidate) marks.push(badge("candidate", "plain"));
    if (entry.isSelected) marks.push(badge("selected", "chosen"));
    if (entry.deviceId === view.keptDeviceId) marks.push(badge("stored by the back end", "plain"));
    const card = element("li", {},
      element("h3", {}, code(short(entry.deviceId))),
      element("p", { className: "badges" }, ...marks.flatMap((mark) => [mark, " "])),
      facts([
        ["Number", entry.phoneNumber],
        ["Placed", time(entry.placedAt)],
        ["Last used", entry.lastAuthenticatedAt && time(entry.lastAuthenticatedAt)],
        ["Inactive from", entry.inactiveFrom && time(entry.inactiveFrom)],
        ["Revoked as", entry.revokedBecause],
      ]));
    card.dataset.device = entry.deviceId;
    card.dataset.state = entry.state;
    card.dataset.selected = String(entry.isSelected);
    return card;
  }));
}

// MARK: This browser

export function showStorage(place, contents, { sendsCookies, keptDeviceId }) {
  const local = contents.localStorage;
  const deviceId = local && Object.values(local)[0];
  const keys = contents.keys;
  const isOrphan = deviceId && keys?.length === 0;
  place.replaceChildren(facts([
    ["localStorage", local === null ? "withheld by the browser"
      : deviceId ? code(deviceId) : "empty"],
    ["IndexedDB", keys === null ? "withheld by the browser"
      : keys.length === 0 ? "empty"
        : element("ul", {}, ...keys.map((key) => element("li", {}, code(short(key.deviceId)),
          ` ${key.state}, ${key.algorithm}, ${key.extractable ? "extractable" : "not extractable"}`)))],
    ["Cookies", sendsCookies
      ? keptDeviceId ? element("span", {}, "hold ", code(short(keptDeviceId)), ", the last success")
        : "on; no success yet"
      : "none are sent"],
  ]));
  if (isOrphan) {
    place.append(element("p", { className: "error" },
      "There is a deviceId and no key to it: it is as good as no key."));
  }
  place.dataset.keys = keys === null ? "" : String(keys.length);
  place.dataset.device = deviceId ?? "";
  place.dataset.extractable = keys?.some((key) => key.extractable) ? "true" : "false";
}

// MARK: Timeline

export class Timeline {
  #place;
  #entries = [];
  #seen = new Set();
  static limit = 200;

  constructor(place) {
    this.#place = place;
  }

  /** Adds what happened here. */
  add(at, who, text) {
    this.#entries.push({ at, who, text });
    this.#show();
  }

  /** Adds the registry's events that are not there yet. */
  merge(events) {
    for (const event of events) {
      const name = [event.deviceId, event.at, event.kind, event.text].join(" ");
      if (this.#seen.has(name)) continue;
      this.#seen.add(name);
      this.#entries.push({
        at: event.at, who: "registry", text: event.text,
        mark: [event.kind, event.row, short(event.deviceId)].filter(Boolean).join(" · "),
      });
    }
    this.#show();
  }

  #show() {
    // Of the same instant, what came later stands higher.
    this.#entries = this.#entries.map((entry, index) => ({ ...entry, index }))
      .sort((one, other) => one.at.localeCompare(other.at) || one.index - other.index)
      .slice(-Timeline.limit);
    this.#place.replaceChildren(...[...this.#entries].reverse().map((entry) => {
      const item = element("li", { className: entry.who.replace(" ", "-") },
        element("time", { dateTime: entry.at }, time(entry.at)),
        element("span", { className: "who" }, entry.who),
        element("span", {}, entry.text),
        entry.mark ? element("code", { className: "mark" }, entry.mark) : null);
      return item;
    }));
  }
}
