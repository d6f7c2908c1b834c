// Keys of the verdict form: each presses the button, or goes to the field, that a mouse would. Nothing is decided here.
// Keys wait in a line while the screen is being renewed, so that "2" "7" typed at once means class 2, then code 7.
const CODE_KEYS = "123456789abcdef";
const CLASSES = { 1: 0, 2: 1, 3: 2, u: 3 };
const FIELDS = { g: ".st-key-funds input", y: ".st-key-loss input", k: ".st-key-comment textarea" };
const PRESSED = {
  n: ".st-key-next button", p: ".st-key-previous button", s: ".st-key-save button", x: ".st-key-recuse button",
  m: ".st-key-seen input", "?": ".st-key-help button",
};

function typing(target) {
  return target.closest("textarea, select, [contenteditable=true], input:not([type=checkbox]):not([type=radio])") !== null;
}

// The codes on the screen; none while the old class's still stand beside the new one's.
function codesShown() {
  const found = document.querySelectorAll('[class*="st-key-codes-"]');
  return found.length === 1 ? found[0] : null;
}

export default function (component) {
  const house = (window.rxpanelKeys ??= { waiting: [], mode: "codes", wanted: null, since: 0, rest: 0, asked: 0, timer: null });
  house.data = component.data;

  function press(selector, place = 0) {
    const found = document.querySelectorAll(selector)[place];
    if (!found || found.disabled) return false;
    found.click();
    house.rest = performance.now() + 80;
    return true;
  }

  // The form has come whole: its last buttons are there. The first case of a server that has just begun comes piece by piece.
  function whole() {
    return document.querySelector(".st-key-next button, .st-key-classes button") !== null || performance.now() - house.asked > 8000;
  }

  // A button that is pressed while the screen is being renewed forgets it.
  function busy() {
    return performance.now() < house.rest || !whole() || document.querySelector("[data-testid=stApp]")?.dataset.testScriptState !== "notRunning";
  }

  // To the reason of a recusal, as soon as its popover is there: what is typed next belongs there.
  function reason(tries = 20) {
    const field = document.querySelector("[data-testid=stPopoverBody] input[type=text]");
    if (field) field.focus();
    else if (tries > 0) setTimeout(reason, 50, tries - 1);
  }

  // true = done with this key, false = the screen is not ready for it yet
  function act(key) {
    if (house.mode === "place") {
      house.mode = "codes";
      if (/^[0-9]$/.test(key)) press(".st-key-places button", Number(key));
      return true;
    }
    if (key === "l") { house.mode = "place"; return true; }
    if (key === "Escape") { house.mode = "class"; return true; }
    if (key === "Submit") { press(".st-key-submit button"); return true; }
    if (key in PRESSED) { if (press(PRESSED[key]) && key === "x") reason(); return true; }
    if (house.wanted) {
      // A class was chosen: its codes are on their way.
      if (codesShown()?.classList.contains("st-key-codes-" + house.wanted)) house.wanted = null;
      else return performance.now() - house.since > 4000;
    }
    const shown = codesShown();
    const number = CODE_KEYS.indexOf(key);
    if (shown && house.mode !== "class" && number >= 0) {
      press(".st-key-" + [...shown.classList].find((name) => name.startsWith("st-key-codes-")).slice(7) + " button", number);
      return true;
    }
    if (key in CLASSES) {
      house.mode = "codes";
      if (press(".st-key-classes button", CLASSES[key]) && key !== "u") { house.wanted = key; house.since = performance.now(); }
      return true;
    }
    return true;
  }

  function work() {
    while (house.waiting.length && !busy() && act(house.waiting[0])) house.waiting.shift();
    if (house.waiting.length === 0) { clearInterval(house.timer); house.timer = null; }
  }

  // From anywhere: on a button or in a field of one line the browser would press that, or keep the keys for itself.
  function submits(event) {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.target.closest("textarea, [role=dialog]")) return false;
    const inside = event.target.closest("button, input, summary");
    if (!inside || inside.closest(".st-key-submit") || !document.querySelector(".st-key-submit button")) return false;
    event.preventDefault();
    event.stopPropagation();
    // A field that is left is saved first.
    inside.blur();
    house.rest = performance.now() + 200;
    take("Submit");
    return true;
  }

  function take(key) {
    if (house.waiting.length === 0) house.asked = performance.now();
    house.waiting.push(key);
    work();
    if (house.waiting.length && !house.timer) house.timer = setInterval(work, 25);
  }

  function onKey(event) {
    if (submits(event)) return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.key === "Escape" && typing(event.target)) { event.target.blur(); return; }
    if (typing(event.target) || document.querySelector("[role=dialog]")) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const known = CODE_KEYS.includes(key) || key in CLASSES || key in FIELDS || key in PRESSED || ["l", "0", "Escape"].includes(key);
    if (!known || (key === "0" && house.mode !== "place")) return;
    event.preventDefault();
    event.stopPropagation();
    // A field is gone to at once: what is typed next belongs there.
    if (key in FIELDS && house.mode !== "place") { document.querySelector(FIELDS[key])?.focus(); return; }
    take(key);
  }

  if (house.listener) document.removeEventListener("keydown", house.listener, true);
  house.listener = onKey;
  document.addEventListener("keydown", onKey, true);
  return () => {
    if (house.listener === onKey) { document.removeEventListener("keydown", onKey, true); house.listener = null; }
  };
}
