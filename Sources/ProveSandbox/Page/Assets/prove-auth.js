// The device's half of the flow, in the shapes of the web SDK's builder and steps. One orchestrator
// runs every step and every retry; an app gives steps and gets one outcome.

import * as keyStore from "./key-store.js";
import { WireError, get, post, toBase64URL } from "./wire.js";

export const BuildConfig = Object.freeze({
  US_UAT: "US_UAT", US_PROD: "US_PROD", EU_UAT: "EU_UAT", EU_PROD: "EU_PROD",
});

/** What an OTP finish step resolves as its `resultType`. */
export const OtpFinishResultType = Object.freeze({
  OnSuccess: 0, OnResendOtp: 1, OnMobileNumberChange: 2,
});

/** What an Instant Link retry step resolves. */
export const InstantLinkResultType = Object.freeze({ OnResend: 0, OnMobileNumberChange: 1 });

/** How long a flow waits for Device Context before it goes on without it, in milliseconds. */
const contextLimit = 5000;
/** How often a desktop without its WebSocket looks for an opened link, in milliseconds. */
const lookInterval = 1000;

/** Whether this is the browser of a phone; the same rules as `WebBrowser.isMobileWeb`. */
export function isMobileWeb(browser = navigator) {
  if (browser.userAgentData?.mobile === true) return true;
  const agent = browser.userAgent ?? "";
  if (agent.length > 1024) return false;
  const isTablet = /iPad|Tablet/.test(agent)
    || (agent.includes("Macintosh") && (browser.maxTouchPoints ?? 0) > 1)
    || (agent.includes("Android") && !agent.includes("Mobile"));
  if (isTablet || browser.userAgentData?.mobile === false) return false;
  return /iPhone|iPod|Windows Phone|Mobile/.test(agent);
}

/** Sets up an authenticator; call `build()` as soon as the page has loaded. */
export class AuthenticatorBuilder {
  #setup = { role: "primary", buildConfig: BuildConfig.US_UAT, observe: () => {} };

  withAuthFinishStep(step) {
    return this.#with({ authFinish: step });
  }

  /** `"fetch"`, or a function that resolves what the carrier gave, or null. */
  withMobileAuthImplementation(implementation) {
    return this.#with({ mobileAuth: implementation });
  }

  withOtpFallback(startStep, finishStep) {
    return this.#with({ otp: { start: startStep, finish: finishStep } });
  }

  withInstantLinkFallback(startStep, retryStep) {
    return this.#with({ link: { start: startStep, retry: retryStep } });
  }

  withRole(role) {
    if (role !== "primary" && role !== "secondary") throw new TypeError("no such role");
    return this.#with({ role });
  }

  /** `{publicApiKey, buildConfig, collect}`; `collect` stands in for the vendor's module. */
  withDeviceContext(options) {
    if (options.buildConfig !== this.#setup.buildConfig) {
      throw new WireError("wrongBuildConfig", "Device Context is of another build config");
    }
    return this.#with({ context: options });
  }

  /** The build config of the whole; not in the web SDK, whose file has it built in. */
  withBuildConfig(buildConfig) {
    return this.#with({ buildConfig });
  }

  /** Told of every step and reply, by name; not in the web SDK. */
  withObserver(observe) {
    return this.#with({ observe });
  }

  build() {
    return new Authenticator(this.#setup);
  }

  #with(change) {
    Object.assign(this.#setup, change);
    return this;
  }
}

class Authenticator {
  #setup;
  #context;
  #isRunning = false;

  constructor(setup) {
    this.#setup = { ...setup };
    // Collecting begins here, before anybody authenticates.
    this.#context = this.#collect();
  }

  isMobileWeb() {
    return isMobileWeb();
  }

  /** Runs one flow: resolves once, with how it ended, or rejects with a `WireError`. */
  async authenticate(authToken) {
    if (this.#isRunning) throw new WireError("busy", "a flow is running");
    this.#isRunning = true;
    try {
      const run = new Run(this.#setup, await this.#context);
      return await run.follow(authToken);
    } finally {
      this.#isRunning = false;
    }
  }

  async #collect() {
    const { context } = this.#setup;
    if (!context) return undefined;
    const late = new Promise((resolve) => setTimeout(resolve, contextLimit));
    const word = Promise.resolve(context.collect()).catch(() => undefined);
    const token = await Promise.race([word, late]);
    return token && { publicApiKey: context.publicApiKey, token };
  }
}

/** One run of a flow: follows the server's steps until it is finished. */
class Run {
  #setup;
  #context;
  #authId;
  #queue;
  #presented;
  #refused;
  #offered;
  #watch;

  constructor(setup, context) {
    this.#setup = setup;
    this.#context = context;
  }

  async follow(authToken) {
    const { observe, buildConfig } = this.#setup;
    let answer = await post("/v1/device/start", {
      authToken, buildConfig, abilities: this.#abilities(),
      ...(this.#context ? { context: this.#context } : {}),
    });
    this.#authId = answer.authId;
    let { step } = answer;
    while (step.type !== "finished") {
      observe({ step });
      if (step.type !== "awaitInstantLink") this.#watch = undefined;
      const reply = await this.#replyOrCancel(step);
      if (reply.type !== "waiting") observe({ reply });
      answer = await post("/v1/device/reply", { authId: this.#authId, reply });
      ({ step } = answer);
    }
    observe({ step });
    await this.#settle(step.finish);
    const finish = this.#setup.authFinish;
    // Once, when the flow is over; whatever it finds is the app's to show.
    if (finish) await call(finish, { authId: this.#authId });
    return step.finish;
  }

  #abilities() {
    const { mobileAuth, otp, link } = this.#setup;
    return [mobileAuth && "mobileAuth", otp && "otp", link && "instantLink"].filter(Boolean);
  }

  async #replyOrCancel(step) {
    try {
      return await this.#reply(step);
    } catch (error) {
      this.#watch?.word.close?.();
      this.#setup.observe({ reply: { type: "cancelled" } });
      try {
        await post("/v1/device/reply", { authId: this.#authId, reply: { type: "cancelled" } });
      } catch {
        // The server finds out when the flow's time is over.
      }
      throw error instanceof WireError ? error : new WireError("cancelled", String(error));
    }
  }

  async #reply(step) {
    const { otp, link } = this.#setup;
    switch (step.type) {
      case "presentKey":
      case "presentAnotherKey":
        return this.#present(step.challenge);
      case "mobileAuth":
        return this.#askCarrier();
      case "startOTP":
        return this.#consent(needed(otp, step), step);
      case "finishOTP":
        return this.#enterCode(needed(otp, step), step);
      case "startInstantLink":
        return this.#consent(needed(link, step), step);
      case "awaitInstantLink":
        return this.#waitForLink(needed(link, step));
      case "offerKey":
        return this.#offer(step);
      default:
        throw new WireError("unknownStep", "the server asks for a step that is not known");
    }
  }

  // Keys. The one whose enrolment was cut off goes first, so that the server says of it whether it
  // has it before anything is decided by the one before.

  async #present(challenge) {
    if (this.#setup.role !== "primary") return { type: "presented" };
    if (this.#queue === undefined) {
      const { current, pending } = await keyStore.keys();
      this.#queue = [pending, current].filter(Boolean);
    } else if (this.#presented?.state === "pending") {
      this.#refused = this.#presented;
    }
    this.#presented = this.#queue.shift();
    if (!this.#presented) return { type: "presented" };
    return { type: "presented", assertion: await keyStore.sign(this.#presented, challenge) };
  }

  async #offer(step) {
    if (this.#setup.role !== "primary") throw new WireError("roleHoldsNoKey");
    const key = await keyStore.place(step.deviceId);
    this.#offered = key;
    return {
      type: "offered",
      newKey: {
        deviceId: key.deviceId, algorithm: "ES256", publicKey: toBase64URL(key.publicKey),
        proof: await keyStore.sign(key, step.challenge),
      },
    };
  }

  /** Makes the browser agree with how the flow ended. */
  async #settle(finish) {
    const used = this.#offered ?? this.#presented;
    if (finish.dropsPresentedKey) {
      for (const key of [this.#presented, this.#offered]) if (key) await keyStore.remove(key);
    } else if (used && used.deviceId === finish.deviceId) {
      if (used.state === "pending") await keyStore.confirm(used);
      else if (this.#refused) await keyStore.remove(this.#refused);
    }
  }

  // Steps of the app's; what they reject gives the flow up.

  async #askCarrier() {
    const { mobileAuth } = this.#setup;
    try {
      const token = mobileAuth === "fetch" ? await fetchFromCarrier() : await call(mobileAuth);
      return token ? { type: "mobileAuth", token } : { type: "mobileAuth" };
    } catch {
      // A carrier that cannot be reached proves nothing; the server goes on to another way.
      return { type: "mobileAuth" };
    }
  }

  async #consent(way, step) {
    const problem = step.error && { message: step.error };
    const input = await call(way.start, step.phoneNumberNeeded, problem);
    return input?.phoneNumber
      ? { type: "consent", phoneNumber: input.phoneNumber } : { type: "consent" };
  }

  async #enterCode(way, step) {
    const result = await call(way.finish, step.error && { message: step.error });
    switch (result?.resultType) {
      case OtpFinishResultType.OnSuccess:
        return { type: "code", code: result.input.otp };
      case OtpFinishResultType.OnResendOtp:
        return { type: "resend" };
      case OtpFinishResultType.OnMobileNumberChange:
        return { type: "changeNumber" };
      default:
        throw new WireError("cancelled", "the finish step gave no result");
    }
  }

  /** Waits for the WebSocket's word, and looks whether the person wants something else. */
  async #waitForLink(way) {
    if (!this.#watch) {
      // A step that is left unanswered only waits.
      const wish = way.retry ? call(way.retry) : new Promise(() => {});
      wish.catch(() => {}); // it may be given up after the link was answered
      this.#watch = { word: linkAnswered(this.#authId), wish };
    }
    const { word, wish } = this.#watch;
    const result = await Promise.race([word.then(() => "look"), wish]);
    if (result === "look") {
      // Without a WebSocket, or when it closed without a word: once a second.
      this.#watch.word = new Promise((resolve) => setTimeout(resolve, lookInterval));
      return { type: "waiting" };
    }
    this.#watch.word.close?.();
    this.#watch = undefined; // the next SMS has a step of its own
    return {
      type: result === InstantLinkResultType.OnMobileNumberChange ? "changeNumber" : "resend",
    };
  }
}

function needed(way, step) {
  if (!way) throw new WireError("stepMissing", `${step.type} has no step of the app's`);
  return way;
}

/** A step is a function, or an object with `execute`. */
function call(step, ...inputs) {
  return Promise.resolve(typeof step === "function" ? step(...inputs) : step.execute(...inputs));
}

/** The SIM in the device, as a carrier's network would know it; the sandbox is told. */
export const sim = { number: null };

async function fetchFromCarrier() {
  if (!sim.number) return null;
  return (await get(`/page/carrier?sim=${encodeURIComponent(sim.number)}`)).token;
}

/** Resolves when the link was answered, or when the WebSocket ends without a word. */
function linkAnswered(authId) {
  let close;
  const word = new Promise((resolve) => {
    const url = new URL(`/v1/device/link-events?authId=${encodeURIComponent(authId)}`, location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(url);
    close = () => socket.close();
    socket.onmessage = resolve;
    socket.onclose = resolve;
    socket.onerror = resolve;
  });
  word.close = close;
  return word;
}
