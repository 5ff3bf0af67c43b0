// The person's half of a step: a form in the page, and the promise that it settles.

import { WireError } from "./wire.js";
import { element } from "./views.js";
import { messages } from "./back-end.js";

const turn = document.getElementById("turn");
const place = document.getElementById("step");

/** Takes the form away: the flow went on without it, or is over. */
export function clear() {
  turn.hidden = true;
  place.replaceChildren();
}

/** Shows a form; its buttons and its submission settle the promise. */
function ask(title, parts, buttons) {
  return new Promise((resolve, reject) => {
    const form = element("form", { "aria-label": title, noValidate: true });
    form.append(element("h3", {}, title), ...parts);
    const row = element("div", { className: "buttons" });
    for (const { label, act, isMain, id } of buttons) {
      const button = element("button", { type: isMain ? "submit" : "button", id }, label);
      if (isMain) button.className = "main";
      else button.addEventListener("click", () => settle(act));
      row.append(button);
    }
    form.append(row);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      settle(buttons.find((button) => button.isMain).act);
    });
    function settle(act) {
      let value;
      try {
        value = act();
      } catch (error) {
        clear();
        reject(error);
        return;
      }
      if (value === undefined) return; // the form says what is missing
      clear();
      resolve(value);
    }
    place.replaceChildren(form);
    turn.hidden = false;
    (form.querySelector("input") ?? form.querySelector("button")).focus();
    turn.scrollIntoView({ block: "nearest" });
  });
}

const cancel = {
  label: "Cancel", id: "cancel",
  act: () => { throw new WireError("cancelled", "the person gave up"); },
};

const problems = {
  malformed: "This is no phone number.",
  undeliverable: "No SMS can be delivered to this number.",
  incorrect: "The code was wrong.",
};

function problem(error) {
  if (!error) return [];
  return [element("p", { className: "error", role: "alert" },
    problems[error.message] ?? error.message)];
}

function input(id, label, attributes) {
  const field = element("div", { className: "field" });
  const control = element("input", { id, autocomplete: "off", ...attributes });
  field.append(element("label", { htmlFor: id }, label), control);
  return { field, control };
}

function startStep(what) {
  return (phoneNumberNeeded, phoneValidationError) => {
    if (!phoneNumberNeeded) {
      return ask(`Send ${what}?`, problem(phoneValidationError), [
        { label: "Send the SMS", id: "consent", isMain: true, act: () => null }, cancel,
      ]);
    }
    const { field, control } = input("number", "Phone number", { inputMode: "tel" });
    return ask(`Send ${what} to which number?`, [...problem(phoneValidationError), field], [
      {
        label: "Send the SMS", id: "consent", isMain: true,
        act: () => {
          if (control.value.trim() !== "") return { phoneNumber: control.value.trim() };
          control.focus();
          return undefined;
        },
      },
      cancel,
    ]);
  };
}

/** The steps of a flow; `numberOf` says to which number its SMS goes, as far as the page knows. */
export function steps(numberOf) {
  const otpStart = startStep("a code");
  const linkStart = startStep("a link");
  let lastNumber = null;
  const remembering = (start) => async (...inputs) => {
    const given = await start(...inputs);
    lastNumber = given?.phoneNumber ?? lastNumber ?? numberOf();
    return given;
  };

  async function otpFinish(otpError) {
    const { field, control } = input("code", "Code from the SMS", {
      inputMode: "numeric", maxLength: 6,
    });
    const hint = element("p", { className: "hint" }, "1234 is right for every test user, 1111 is not.");
    return ask("Enter the code", [...problem(otpError), await sms(lastNumber), field, hint], [
      {
        label: "Go on", id: "enter", isMain: true,
        act: () => {
          if (control.value.trim() !== "") {
            return { input: { otp: control.value.trim() }, resultType: 0 };
          }
          control.focus();
          return undefined;
        },
      },
      { label: "Send it again", id: "resend", act: () => ({ resultType: 1 }) },
      { label: "Another number", id: "other-number", act: () => ({ resultType: 2 }) },
      cancel,
    ]);
  }

  async function linkRetry() {
    return ask("Open the link on the phone", [await sms(lastNumber)], [
      { label: "Send it again", id: "resend", act: () => 0 },
      { label: "Another number", id: "other-number", act: () => 1 },
      cancel,
    ]);
  }

  return {
    otpStart: remembering(otpStart), otpFinish, linkStart: remembering(linkStart), linkRetry,
  };
}

/** What the phone got: the last SMS to the number, its link to be opened anywhere. */
async function sms(number) {
  const box = element("div", { className: "sms" });
  box.append(element("p", { className: "hint" }, number ? `SMS to ${number}` : "SMS"));
  const text = element("p", { id: "sms" }, "None yet.");
  box.append(text);
  if (!number) return box;
  try {
    const last = (await messages(number)).at(-1);
    if (last) {
      text.replaceChildren(...last.text.split(/(\s+)/).map((word) =>
        /^https?:/.test(word)
          ? element("a", { href: word, target: "_blank", rel: "noopener", id: "link" }, word)
          : word));
    }
  } catch {
    text.textContent = "The outbox could not be read.";
  }
  return box;
}

/** Asks for the number whose possession the integrator has proven itself. */
export function customerPossession(number) {
  const { field, control } = input("proven", "Number whose possession you have proven", {
    inputMode: "tel", value: number ?? "",
  });
  return ask("Prove possession yourself, then bind", [field], [
    {
      label: "Bind", id: "bind", isMain: true,
      act: () => {
        if (control.value.trim() !== "") return control.value.trim();
        control.focus();
        return undefined;
      },
    },
    {
      label: "Later", id: "cancel",
      act: () => { throw new WireError("cancelled", "the key stays unbound"); },
    },
  ]);
}
